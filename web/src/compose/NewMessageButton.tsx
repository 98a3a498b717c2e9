import { ActionIcon, Tooltip } from "@mantine/core";
import { SquarePen } from "lucide-react";
import { useEffect, useState } from "react";
import { isTyping } from "../app/Shortcuts";
import { NewMessage } from "./NewMessage";
import styles from "./NewMessageButton.module.css";

/** The inbox's own way to a new message; N does the same. */
export function NewMessageButton() {
  const [opened, setOpened] = useState(false);
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "n" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector("[role=dialog]")) return;
      event.preventDefault();
      setOpened(true);
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  }, []);
  return (
    <>
      <Tooltip label="New message (N)">
        <ActionIcon variant="filled" size={38} radius={12} aria-label="New message" className={styles.button} onClick={() => setOpened(true)}>
          <SquarePen size={18} strokeWidth={2} />
        </ActionIcon>
      </Tooltip>
      {opened && <NewMessage onClose={() => setOpened(false)} />}
    </>
  );
}
