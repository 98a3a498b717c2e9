// A text that waits for its time: its words, its time and what calls it off can be changed until then.
import { Modal } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Cost, MAX_CHARACTERS } from "../inbox/Cost";
import { Failure } from "../parts/Failure";
import { composeApi, plannedQuery, type Planned } from "./api";
import styles from "./NewMessage.module.css";
import { TimeFields, type Plan } from "./Later";

interface Props {
  thread: number;
  seq: number;
  zones: readonly string[];
  onClose: () => void;
}

export function ChangeLater(props: Props) {
  const found = useQuery(plannedQuery(props.thread, props.seq));
  return (
    <Modal opened onClose={props.onClose} title="Change the scheduled text" closeButtonProps={{ "aria-label": "Close" }}>
      {/* As it stood when it was opened: what is being changed is not changed under one's hands. */}
      {found.data ? <Fields planned={found.data} {...props} /> : <Failure error={found.error} onAgain={() => void found.refetch()} />}
      {found.isPending && <div className={`bone ${styles.bone}`} aria-hidden="true" />}
    </Modal>
  );
}

function Fields({ thread, seq, planned, zones, onClose }: Props & { planned: Planned }) {
  const [{ body, send_at, cancel_on_reply }] = useState(planned);
  const [text, setText] = useState(body);
  const changing = useMutation({
    mutationFn: (plan: Plan) => composeApi.change(thread, seq, { send_at: plan.at.toISOString(), cancel_on_reply: plan.cancelOnReply, ...(text !== body && { body: text }) }),
    onSuccess: onClose,
  });
  const length = [...text].length;
  return (
    <div className={styles.form}>
      <div className={styles.box}>
        <textarea rows={3} aria-label="Message" data-autofocus value={text} onChange={(event) => setText(event.currentTarget.value)} />
      </div>
      <Cost text={text} length={length} pictures={0} onReplace={setText} />
      <TimeFields
        zones={zones} plan={{ at: new Date(send_at), cancelOnReply: cancel_on_reply }} done={changing.isPending ? "Saving…" : "Save"}
        disabled={(text.trim() === "" && text !== body) || length > MAX_CHARACTERS || changing.isPending} onDone={(plan) => changing.mutate(plan)}
      />
      <Failure brief error={changing.error} />
    </div>
  );
}
