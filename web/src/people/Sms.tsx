import { Button } from "@mantine/core";
import { MessageSquareText } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { mainPhone } from "./rows";
import type { Contact } from "./types";

const NewMessage = lazy(() => import("../compose").then(({ NewMessage }) => ({ default: NewMessage })));

/** A new message to the first number that takes texts. */
export function Sms({ contact }: { contact: Contact }) {
  const [writing, write] = useState(false);
  const phone = mainPhone(contact);
  return (
    <>
      <Button leftSection={<MessageSquareText size={16} aria-hidden="true" />} disabled={!phone} onClick={() => write(true)}>
        SMS
      </Button>
      {writing && phone && (
        <Suspense>
          <NewMessage to={phone.address} name={contact.name} onClose={() => write(false)} />
        </Suspense>
      )}
    </>
  );
}
