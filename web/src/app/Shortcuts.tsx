import { Modal } from "@mantine/core";
import { useEffect, useState } from "react";
import styles from "./Shortcuts.module.css";

const KEYS = [
  { keys: ["J", "Down"], does: "Next conversation or person" },
  { keys: ["K", "Up"], does: "Previous conversation or person" },
  { keys: ["Enter"], does: "Open it; send the reply" },
  { keys: ["A"], does: "Assign the conversation to me" },
  { keys: ["E"], does: "Close it (archive), or open it again" },
  { keys: ["S"], does: "Snooze it, and all else that its menu has" },
  { keys: ["U"], does: "Mark it as unread" },
  { keys: ["N"], does: "New message" },
  { keys: ["Shift", "Enter"], does: "New line", together: true },
  { keys: ["X"], does: "Select the person; with Shift, all up to there" },
  { keys: ["/"], does: "Search people, or all texts" },
  { keys: ["/"], does: "Templates, where nothing is written yet" },
  { keys: ["Esc"], does: "Back to the list" },
  { keys: ["?"], does: "Show this list" },
];
const OPEN = "threadline:shortcuts";

export const openShortcuts = (): void => void dispatchEvent(new Event(OPEN));

/** Single keys are shortcuts only while nothing is being typed. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

export function Shortcuts() {
  const [opened, setOpened] = useState(false);
  useEffect(() => {
    const open = () => setOpened(true);
    const key = (event: KeyboardEvent) => {
      if (event.key === "?" && !isTyping(event.target) && !event.ctrlKey && !event.metaKey) open();
    };
    addEventListener("keydown", key);
    addEventListener(OPEN, open);
    return () => {
      removeEventListener("keydown", key);
      removeEventListener(OPEN, open);
    };
  }, []);
  return (
    <Modal opened={opened} onClose={() => setOpened(false)} title="Keyboard shortcuts" closeButtonProps={{ "aria-label": "Close" }}>
      <dl className={styles.list}>
        {KEYS.map(({ keys, does, together }) => (
          <div key={does}>
            <dt>
              {keys.map((key, index) => (
                <span key={key}>
                  {index > 0 && <span className={styles.or}>{together ? "+" : "or"}</span>}
                  <kbd>{key}</kbd>
                </span>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}
