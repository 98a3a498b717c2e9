// During a call: who it is, what may be done, and a text in one request.
import { Button } from "@mantine/core";
import { ExternalLink, PhoneOff } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { formatNumber } from "../text/people";
import { MayLine } from "./MayLine";
import type { Program, ScreenPop } from "./program";
import { QuickText } from "./QuickText";
import type { HeardEvent } from "./useStream";
import { cityOf, wallTime } from "./words";
import styles from "./Dialer.module.css";

interface Props {
  program: Program;
  pop: ScreenPop;
  began: number;
  events: readonly HeardEvent[];
  onHangUp: () => void;
}

export function InCall({ program, pop, began, events, onHangUp }: Props) {
  const name = pop.contact?.name || formatNumber(pop.address);
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => head.current?.focus(), []);
  const known = pop.messages.at(-1)?.seq ?? 0;
  const since = events.filter((event) => event.data["address"] === pop.address && event.kind === "message.received" && Number(event.data["seq"]) > known);
  return (
    <section className={styles.card} aria-label={`Call with ${name}`}>
      <div className={styles.callHead}>
        <div className={styles.grow}>
          <h2 ref={head} tabIndex={-1}>
            {name}
          </h2>
          <p className={styles.small}>
            {formatNumber(pop.address)} · <Running since={began} />
          </p>
        </div>
        <Button className={styles.hangUp} leftSection={<PhoneOff size={16} aria-hidden="true" />} onClick={onHangUp}>
          Hang up
        </Button>
      </div>
      <div className={styles.mays}>
        <MayLine what="Call" may={pop.may_call} />
        <MayLine what="Text" may={pop.may_text} />
      </div>
      <dl className={styles.facts}>
        <Fact name="Owner">{pop.contact?.owner ?? "Nobody yet"}</Fact>
        <Fact name="Time there">{pop.local_times.map((one) => `${wallTime(one.time, one.zone)} (${cityOf(one.zone)})`).join(", ") || "Unknown"}</Fact>
        {pop.contact?.property_address && <Fact name="Property">{pop.contact.property_address}</Fact>}
        {pop.contact && pop.contact.tags.length > 0 && <Fact name="Tags">{pop.contact.tags.join(", ")}</Fact>}
      </dl>
      <h3>Last texts</h3>
      {pop.messages.length === 0 && since.length === 0 && <p className={styles.small}>None yet.</p>}
      <ul className={styles.texts} aria-label="Last texts">
        {pop.messages.slice(-5).map((text) => (
          <li key={text.seq} data-direction={text.direction}>
            <span className="hush">{text.direction === "in" ? "They: " : "We: "}</span>
            {text.body}
          </li>
        ))}
        {since.toReversed().map((event) => (
          <li key={`new-${event.seq}`} data-direction="in">
            <span className="hush">They, just now: </span>
            {String(event.data["body"])}
          </li>
        ))}
      </ul>
      <p className={styles.small}>
        <a href={pop.url} target="_blank" rel="noreferrer">
          Open the conversation <ExternalLink size={13} aria-hidden="true" />
        </a>
      </p>
      <QuickText program={program} pop={pop} may={pop.may_text} />
    </section>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Running({ since }: { since: number }) {
  const [now, tick] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => tick(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(0, Math.floor((now - since) / 1000));
  return (
    <span className="numeric" role="timer" aria-label="Length of the call">
      {Math.floor(seconds / 60)}:{String(seconds % 60).padStart(2, "0")}
    </span>
  );
}
