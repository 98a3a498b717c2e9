// A text that waits for its time: its words and its time can be changed until then.
import { Modal } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Cost, MAX_CHARACTERS } from "../inbox/Cost";
import { composeApi } from "./api";
import styles from "./NewMessage.module.css";
import { TimeFields, type Plan } from "./Later";

export function ChangeLater({ thread, seq, body, at, zones, onClose }: { thread: number; seq: number; body: string; at: Date; zones: readonly string[]; onClose: () => void }) {
  const [text, setText] = useState(body);
  const changing = useMutation({
    mutationFn: (plan: Plan) => composeApi.change(thread, seq, { send_at: plan.at.toISOString(), cancel_on_reply: plan.cancelOnReply, ...(text !== body && { body: text }) }),
    onSuccess: onClose,
  });
  const length = [...text].length;
  return (
    <Modal opened onClose={onClose} title="Change the scheduled text" closeButtonProps={{ "aria-label": "Close" }}>
      <div className={styles.form}>
        <div className={styles.box}>
          <textarea rows={3} aria-label="Message" data-autofocus value={text} onChange={(event) => setText(event.currentTarget.value)} />
        </div>
        <Cost text={text} length={length} pictures={0} onReplace={setText} />
        <TimeFields
          zones={zones} plan={{ at, cancelOnReply: true }} done={changing.isPending ? "Saving…" : "Save"}
          onDone={(plan) => {
            if (text.trim() !== "" && length <= MAX_CHARACTERS) changing.mutate(plan);
          }}
        />
        {changing.error && (
          <p className={styles.problem} role="alert">
            {changing.error.message}
          </p>
        )}
      </div>
    </Modal>
  );
}
