import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { MessageSquareText } from "lucide-react";
import { mainPhone } from "./rows";
import type { Contact } from "./types";

/** Opens the conversation with the first number that takes texts. */
export function Sms({ contact }: { contact: Contact }) {
  const thread = mainPhone(contact)?.thread_id;
  const look = { leftSection: <MessageSquareText size={16} aria-hidden="true" /> };
  if (!thread)
    return (
      <Button {...look} disabled>
        SMS
      </Button>
    );
  return (
    <Button {...look} component={Link} to={`/phone/sms/${thread}`}>
      SMS
    </Button>
  );
}
