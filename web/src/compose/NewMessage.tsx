// A new message: whom, what, and what should be known before it leaves. Enter or Send.
import { ActionIcon, Modal } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { CalendarClock, SendHorizontal } from "lucide-react";
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { Problem } from "../api";
import { Cost, MAX_CHARACTERS } from "../inbox/Cost";
import { checkQuery, type Checked } from "./api";
import { Failure } from "../parts/Failure";
import { sends } from "../parts/sends";
import { Later, type Plan } from "./Later";
import styles from "./NewMessage.module.css";
import { TemplatePicker } from "../templates";
import { AttachButton, PictureStrip, usePictures } from "./Pictures";
import { PlanLine } from "./PlanLine";
import { To, type Recipient } from "./To";
import { useDraft } from "./useDraft";
import { useSending } from "./useSending";
import { standing, Warnings } from "./Warnings";

const UNDO_S = 5;

export interface NewMessageProps {
  /** A number to write to, in any spelling. */
  to?: string;
  contactId?: number;
  name?: string | null;
  onClose: () => void;
}

function prefilled({ to, contactId, name }: NewMessageProps): Recipient | null {
  if (contactId === undefined && !to) return null;
  return { whom: contactId === undefined ? { to: to as string } : { contact_id: contactId }, name: name ?? null, address: to ?? "" };
}

/** Whose values fill a template's tokens. */
function reader(chosen: Recipient | null, checked: Checked | undefined): { contactId?: number } {
  const id = chosen?.whom.contact_id ?? (chosen ? checked?.recipient.contact_id : null);
  return id == null ? {} : { contactId: id };
}

export function NewMessage(props: NewMessageProps) {
  const { onClose } = props;
  const navigate = useNavigate();
  const fixed = prefilled(props);
  const draft = useDraft(0, fixed !== null);
  const [chosen, setChosen] = useState<Recipient | null>(fixed);
  const [plan, setPlan] = useState<Plan | null>(null);
  const [acknowledged, acknowledge] = useState(false);
  const attached = usePictures(draft);
  const box = useRef<HTMLTextAreaElement>(null);
  const text = draft.body;
  const checking = useQuery(checkQuery(chosen?.whom ?? null, plan?.at.toISOString() ?? null));
  const checked = checking.data;
  const { stopped, asks } = standing(checked);
  const refused = checking.error instanceof Problem ? checking.error.message : null;
  const length = useMemo(() => [...text].length, [text]);
  const something = text.trim() !== "" || attached.pictures.length > 0;
  const ready = chosen !== null && something && length <= MAX_CHARACTERS && attached.busy === 0 && !stopped && !refused && (!asks || acknowledged);
  const zones = checked?.hours.zones ?? [];
  const shown = chosen && checked ? { ...chosen, name: chosen.name ?? checked.recipient.name, address: checked.recipient.address } : chosen;

  const sending = useSending(({ thread_id }, letter) => {
    draft.done(letter);
    onClose();
    void navigate({ to: "/phone/sms/$threadId", params: { threadId: String(thread_id) } });
  });
  const { reset } = sending;
  useEffect(() => reset(), [reset, text, chosen, plan, acknowledged, draft.pictures]); // what was refused reads otherwise now
  useEffect(() => {
    if (chosen) box.current?.focus();
  }, [chosen]);
  useEffect(() => acknowledge(false), [chosen, plan]);

  const send = () => {
    if (ready && !sending.isPending) sending.mutate({ whom: chosen.whom, body: text, pictures: draft.pictures, plan, undo: UNDO_S, acknowledged: asks, zones });
  };
  const key = (event: KeyboardEvent) => {
    if (!sends(event)) return;
    event.preventDefault();
    send();
  };
  return (
    <Modal opened onClose={onClose} title="New message" size="lg" closeButtonProps={{ "aria-label": "Close" }}>
      <form
        className={styles.form} onDrop={attached.drop} onDragOver={(event) => event.preventDefault()}
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <To
          text={draft.recipient} chosen={shown} fault={chosen ? null : refused} onType={(recipient) => draft.write(text, recipient)}
          onChoose={(one) => {
            setChosen(one);
            if (one) draft.write(text, one.name ?? one.address);
          }}
        />
        <Failure brief error={chosen ? refused : null} />
        <Warnings checked={checked} plan={plan} acknowledged={acknowledged} onAcknowledge={acknowledge} />
        <div className={styles.box}>
          <PictureStrip attached={attached} />
          <textarea
            ref={box} rows={4} aria-label="Message" value={text} placeholder="Write your message" onKeyDown={key} onPaste={attached.paste} data-autofocus={chosen ? true : undefined}
            onChange={(event) => draft.write(event.currentTarget.value)}
          />
          <div className={styles.tools}>
            <TemplatePicker text={text} box={box} onPick={(next) => draft.write(next)} {...reader(chosen, checked)} />
            <AttachButton attached={attached} />
            <Later zones={zones} plan={plan} onPlan={setPlan} />
            <ActionIcon type="submit" size={38} radius={11} variant="filled" aria-label={plan ? "Schedule" : "Send"} disabled={!ready} loading={sending.isPending} className={styles.send}>
              {plan ? <CalendarClock size={18} strokeWidth={2} /> : <SendHorizontal size={18} strokeWidth={2} />}
            </ActionIcon>
          </div>
        </div>
        <PlanLine plan={plan} zones={zones} onNow={() => setPlan(null)} />
        <Failure brief error={sending.error} />
        <Cost text={text} length={length} pictures={attached.pictures.length} onReplace={(next) => draft.write(next)} />
      </form>
    </Modal>
  );
}
