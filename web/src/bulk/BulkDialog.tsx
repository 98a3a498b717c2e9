// One text to many, before it leaves: the words, whom they reach, how each reads, what it costs.
import { Button, Modal, Textarea, TextInput } from "@mantine/core";
import { useDebouncedValue, useMediaQuery } from "@mantine/hooks";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { ShieldCheck } from "lucide-react";
import { useMemo, useRef, useState } from "react";
import { Problem } from "../api";
import { Failure } from "../parts/Failure";
import { useCommand } from "../parts/useCommand";
import { amount, people } from "../people/rows";
import { TemplatePicker } from "../templates";
import { countSegments, nameOf } from "../text/segments";
import { askedFor, isConfirmed, launch, mustBeTyped, previewQuery, type Audience, type Wording } from "./bulk";
import { PhonePreview } from "./PhonePreview";
import { Reach } from "./Reach";
import styles from "./BulkDialog.module.css";

const TYPING_MS = 300;
const MAX_LENGTH = 1_600;

export interface BulkDialogProps {
  audience: Audience;
  /** Sent (with the id of the text), or closed (null). Without it the page of the text is opened. */
  onDone?: (bulkId: number | null) => void;
}

export function BulkDialog({ audience, onDone }: BulkDialogProps) {
  const phone = useMediaQuery("(max-width: 767px)", matchMedia("(max-width: 767px)").matches) ?? false;
  const navigate = useNavigate();
  const queries = useQueryClient();
  const box = useRef<HTMLTextAreaElement>(null);
  const [body, setBody] = useState("");
  const [answers, setAnswers] = useState<Record<string, string>>({});
  const [typed, setTyped] = useState("");
  const wording: Wording = useMemo(() => ({ audience, body, answers }), [audience, body, answers]);
  const [settled] = useDebouncedValue(wording, TYPING_MS);
  const command = useCommand();
  const found = useQuery(previewQuery(settled));
  const preview = body.trim() === "" ? undefined : found.data;
  const fresh = settled === wording && found.isSuccess && !found.isPlaceholderData && !found.isFetching;
  const asked = askedFor(preview?.names ?? {}, answers);
  const sending = useMutation({
    mutationFn: (expected: number) => launch(wording, command.idOf(wording), expected),
    onSuccess: ({ bulk_id: id }) => {
      void queries.invalidateQueries({ queryKey: ["bulks"] });
      if (onDone) onDone(id);
      else void navigate({ to: "/bulk/$bulkId", params: { bulkId: String(id) } });
    },
    onError: (error) => {
      if (error instanceof Problem && error.status === 409) void found.refetch();
      setTyped("");
    },
  });
  const close = () => onDone?.(null);
  const count = preview?.recipients ?? 0;
  const mustType = mustBeTyped(count);
  const ready = fresh && count > 0 && isConfirmed(count, typed);
  const problem = sending.error ?? (fresh || found.isError ? found.error : null);
  return (
    <Modal
      opened onClose={close} size={920} fullScreen={phone} radius={phone ? 0 : "lg"} title={preview ? `Text ${people(preview.audience)}` : "Text many people"}
      closeButtonProps={{ "aria-label": "Close" }} closeOnClickOutside={body.trim() === ""} classNames={{ body: styles.dialog }}
    >
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (ready && !sending.isPending) sending.mutate(count);
        }}
      >
        <div className={styles.words}>
          <Textarea
            ref={box} label="Text" data-autofocus autosize minRows={5} maxRows={12} maxLength={MAX_LENGTH} value={body} placeholder="Hi {{first_name|there}}, …"
            description="Each gets it alone, in a conversation of their own. {{first_name}} stands for the first name; {{first_name|there}} reads “there” where it is not known."
            inputWrapperOrder={["label", "input", "description", "error"]} onChange={(event) => setBody(event.currentTarget.value)}
            error={found.error instanceof Problem && found.error.field === "body" && body.trim() !== "" ? found.error.detail : undefined}
          />
          <div className={styles.tools}>
            <TemplatePicker raw box={box} text={body} onPick={setBody} />
            <Cost text={body} />
          </div>
          {asked.length > 0 && (
            <fieldset className={styles.answers}>
              <legend>What some of them lack</legend>
              {asked.map((name) => (
                <TextInput
                  key={name} label={name.replaceAll("_", " ")} value={answers[name] ?? ""} maxLength={200}
                  description={preview?.names[name] ? `${people(preview.names[name])} without it ${preview.names[name] === 1 ? "is" : "are"} left out unless you say what to write.` : "Written where it is not known."}
                  onChange={(event) => setAnswers({ ...answers, [name]: event.currentTarget.value })}
                />
              ))}
            </fieldset>
          )}
          <p className={styles.reminder}>
            <ShieldCheck size={18} aria-hidden="true" />
            <span>
              Only people who agreed to marketing texts from you may get this. By sending it you say that each of them did. Whoever has opted out is left out by itself.
            </span>
          </p>
        </div>
        <div className={styles.side}>
          <PhonePreview wording={settled} preview={preview} />
          {preview && <Reach wording={settled} preview={preview} />}
        </div>
        <footer className={styles.foot}>
          {body.trim() !== "" && !(problem instanceof Problem && problem.field === "body") && (
            <div className={styles.problem}>
              <Failure brief error={problem} />
            </div>
          )}
          {mustType && (
            <TextInput
              className={styles.typed} label={`Type ${amount(count)} to confirm`} inputMode="numeric" autoComplete="off" value={typed} onChange={(event) => setTyped(event.currentTarget.value)}
            />
          )}
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" disabled={!ready} loading={sending.isPending}>
            {count > 0 ? `Send to ${people(count)}` : "Send"}
          </Button>
        </footer>
      </form>
    </Modal>
  );
}

/** The segments are those of the filled texts; this names what makes them more than they need to be. */
function Cost({ text }: { text: string }) {
  const { costly } = countSegments(text);
  if (!costly) return null;
  return (
    <p className={styles.costly} role="status">
      “{nameOf(costly.char)}” makes every text of this cost more: with it only 70 characters fit into a segment instead of 160.
    </p>
  );
}
