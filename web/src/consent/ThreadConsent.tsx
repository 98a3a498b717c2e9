// The consent of the number that a conversation is with, from its header.
import { CloseButton, Modal } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Failure } from "../parts/Failure";
import { ConsentCard } from "./ConsentCard";
import { threadConsentQuery } from "./consent";
import styles from "./Consent.module.css";

export function ThreadConsent({ threadId, name, onClose }: { threadId: number; name: string; onClose: () => void }) {
  const found = useQuery(threadConsentQuery(threadId));
  const [covered, cover] = useState(false);
  return (
    // a dialog opens over this one: two of the library's headers would be two banners of one page
    <Modal.Root opened onClose={onClose} size="lg" centered lockScroll={false} radius="lg" closeOnEscape={!covered}>
      <Modal.Overlay />
      <Modal.Content aria-label={`Consent of ${name}`}>
        <Modal.Body className={styles.inside}>
      <div className={styles.top}>
        <p>{name}</p>
        <CloseButton aria-label="Close" onClick={onClose} />
      </div>
      {found.data ? (
        <ConsentCard endpointId={found.data.endpoint_id} open onDialog={cover} />
      ) : found.isError ? (
        <Failure error={found.error} onAgain={() => void found.refetch()} />
      ) : (
        <div className={`bone ${styles.bone}`} aria-busy="true" />
      )}
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
