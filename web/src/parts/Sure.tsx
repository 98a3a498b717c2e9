// Asks once more before what cannot be taken back, or goes to others too.
import { Button, Modal } from "@mantine/core";
import type { ReactNode } from "react";
import { Failure } from "./Failure";
import styles from "./Sure.module.css";

interface Props {
  opened?: boolean;
  title: string;
  children: ReactNode;
  no: string;
  yes: string;
  /** Something is gone afterwards. */
  grave?: boolean;
  busy?: boolean;
  error?: Error | null;
  onNo: () => void;
  onYes: () => void;
}

export function Sure({ opened = true, title, children, no, yes, grave = true, busy = false, error = null, onNo, onYes }: Props) {
  return (
    <Modal opened={opened} onClose={onNo} title={title} closeButtonProps={{ "aria-label": "Close" }}>
      <div className={styles.sure}>
        <p>{children}</p>
        <Failure brief error={error} />
        <Foot>
          <Button variant="default" onClick={onNo} data-autofocus>
            {no}
          </Button>
          <Button className={grave ? styles.grave : undefined} onClick={onYes} loading={busy}>
            {yes}
          </Button>
        </Foot>
      </div>
    </Modal>
  );
}

/** The buttons at the foot of a dialog. */
export function Foot({ children }: { children: ReactNode }) {
  return <div className={styles.foot}>{children}</div>;
}
