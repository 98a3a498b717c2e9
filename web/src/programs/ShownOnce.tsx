// A secret that is shown this once: to be copied now, since it is told to nobody again.
import { Button, Modal, TextInput } from "@mantine/core";
import { Check, Copy } from "lucide-react";
import { useRef, useState, type ReactNode } from "react";
import { Foot } from "../parts/Sure";
import styles from "./Programs.module.css";

export function ShownOnce({ title, label, secret, children, onDone }: { title: string; label: string; secret: string; children: ReactNode; onDone: () => void }) {
  const [copied, setCopied] = useState(false);
  const box = useRef<HTMLInputElement>(null);
  const copy = () => {
    box.current?.select();
    navigator.clipboard.writeText(secret).then(
      () => setCopied(true),
      () => undefined, // it stands selected: the keyboard copies it
    );
  };
  return (
    <Modal opened onClose={onDone} title={title} closeOnClickOutside={false} closeButtonProps={{ "aria-label": "Close" }} size="lg">
      <div className={styles.once}>
        <p>{children}</p>
        <TextInput ref={box} label={label} value={secret} readOnly classNames={{ input: styles.secret ?? "" }} onFocus={(event) => event.currentTarget.select()} />
        <p className="hush" role="status">
          {copied ? "Copied." : ""}
        </p>
        <Foot>
          <Button variant="default" leftSection={copied ? <Check size={15} aria-hidden="true" /> : <Copy size={15} aria-hidden="true" />} onClick={copy} data-autofocus>
            {copied ? "Copied" : "Copy"}
          </Button>
          <Button onClick={onDone}>Done</Button>
        </Foot>
      </div>
    </Modal>
  );
}
