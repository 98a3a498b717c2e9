// Where one writes: a reply to the contact, or a note that stays among colleagues. What was typed in either stays.
import { useState } from "react";
import type { InboxRow } from "../gen/wire";
import { Composer } from "../inbox/Composer";
import { NoteBox } from "./NoteBox";
import styles from "./Answer.module.css";

export function Answer({ id, row }: { id: number; row: InboxRow | undefined }) {
  const [noting, note] = useState(false);
  return (
    <div className={styles.answer}>
      <div className={styles.kinds} role="group" aria-label="What to write">
        <button type="button" aria-pressed={!noting} onClick={() => note(false)}>Reply</button>
        <button type="button" aria-pressed={noting} onClick={() => note(true)}>Note</button>
      </div>
      <div hidden={noting}>
        <Composer id={id} row={row} />
      </div>
      {noting && <NoteBox id={id} />}
    </div>
  );
}
