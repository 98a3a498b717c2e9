import { MessagesSquare } from "lucide-react";
import styles from "./Empty.module.css";

export function NothingOpen() {
  return (
    <div className={styles.empty}>
      <MessagesSquare size={34} strokeWidth={1.4} aria-hidden="true" />
      <h2>Choose a conversation</h2>
      <p>
        Move with <kbd>J</kbd> and <kbd>K</kbd>, open with <kbd>Enter</kbd>.
        <br />
        All shortcuts: <kbd>?</kbd>
      </p>
    </div>
  );
}
