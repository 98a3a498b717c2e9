// The text on the member's own phone before anybody gets it: where it goes, and what became of it, as it happens.
import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Smartphone } from "lucide-react";
import { useEffect, useState } from "react";
import { fateOf } from "../../inbox/runs";
import { useLive, useThread } from "../../live/hooks";
import { OwnNumberDialog } from "../../own/OwnNumber";
import { useOwnNumber } from "../../own/own";
import { Failure } from "../../parts/Failure";
import { useCommand } from "../../parts/useCommand";
import { formatNumber } from "../../text/people";
import { testsApi, type Tested } from "../drafts";
import { letter } from "./shares";
import type { StepProps } from "./step";
import styles from "./TestSend.module.css";

interface Props extends Pick<StepProps, "drafting"> {
  /** Whose values it bears; null: nobody's yet. */
  contact: number | null;
  variant: number;
  /** There are words. */
  written: boolean;
}

export function TestSend({ drafting, contact, variant, written }: Props) {
  const own = useOwnNumber();
  const [opened, open] = useState(false);
  const command = useCommand();
  const several = drafting.draft.plan.variants.length > 1;
  const send = useMutation({
    mutationFn: async () => {
      if (!(await drafting.flush())) throw new Error("It is not saved yet, so it cannot be sent either.");
      return testsApi.send(drafting.draft.id, { cmd_id: command.idOf([contact, variant]), contact_id: contact, variant });
    },
    onSuccess: () => command.done(),
  });
  const address = own.data?.state === "verified" ? own.data.address : null;
  const ready = address !== null;
  const go = () => {
    if (ready) send.mutate();
    else open(true);
  };
  return (
    <section className={styles.test} aria-label="Test">
      <Button fullWidth variant="default" leftSection={<Smartphone size={16} aria-hidden="true" />} loading={send.isPending} disabled={!written || own.data === undefined} onClick={go}>
        {several ? `Send text ${letter(variant)} to my phone` : "Send a test to my phone"}
      </Button>
      {ready && (
        <p className={styles.to}>
          To <span className="numeric">{formatNumber(address)}</span>. It counts in no figure.{" "}
          <button type="button" onClick={() => open(true)}>
            Change
          </button>
        </p>
      )}
      <Failure brief error={send.error ?? own.error} />
      {send.data?.texts.map((one) => <Fate key={`${one.thread_id}:${one.seq}`} tested={one} address={send.data.address} />)}
      <OwnNumberDialog opened={opened} onClose={() => open(false)}>
        <Button
          onClick={() => {
            open(false);
            send.mutate();
          }}
        >
          Send the test
        </Button>
      </OwnNumberDialog>
    </section>
  );
}

/** What became of it, by its thread's own events. */
function Fate({ tested, address }: { tested: Tested; address: string }) {
  const { thread_id: thread, seq } = tested;
  const live = useLive();
  useEffect(() => live.visit(thread), [live, thread]);
  const message = useThread(thread).state?.messages.find((one) => one.seq === seq);
  const { words, tone } = message ? fateOf(message) : { words: "Sending…", tone: "quiet" as const };
  return (
    <p className={styles.fate} data-tone={tone} role="status" data-testid="test-fate">
      <span>
        {words}
        {(words === "Sent" || words === "Delivered") && (
          <>
            {" "}
            to <span className="numeric">{formatNumber(address)}</span>
          </>
        )}
        .
      </span>{" "}
      <Link to="/phone/sms/$threadId" params={{ threadId: String(thread) }}>
        See it there
      </Link>
    </p>
  );
}
