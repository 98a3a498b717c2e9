// Why a campaign stands as it does, what comes next and when, and how fast it goes against what it may.
import { useQuery } from "@tanstack/react-query";
import { CalendarClock, CheckCircle2, CircleAlert, CirclePause, CircleX, Hourglass, PencilLine, Send, type LucideIcon } from "lucide-react";
import { useEffect, useRef, useState, type ReactNode } from "react";
import { sendingQuery } from "../../api";
import { openOf } from "../../bulk/bulk";
import { present } from "../../clock";
import { mine } from "../../compose/zoned";
import type { CampaignOut, Plan } from "../../gen/wire";
import { amount, people } from "../../people/rows";
import { fullTime } from "../../text/time";
import { isBuilding, lookedAt } from "../drafts";
import { doneAt, limitOf, paceOf, sampled, when, type Sample } from "./course";
import styles from "./Next.module.css";

interface Props {
  one: CampaignOut;
  plan: Plan | undefined;
}

export function Next({ one, plan }: Props) {
  const moves = one.state === "active" && one.whole;
  const limit = useLimit(plan, moves || one.state === "paused");
  return (
    <section className={styles.next} aria-label="What is next" data-tone={toneOf(one)}>
      <Sentence one={one} plan={plan} limit={limit} />
      {isBuilding(one) && one.to_look_at !== null && <progress max={Math.max(one.to_look_at, one.built)} value={one.built} aria-label="Looked at" />}
      {moves && <Pace one={one} limit={limit} own={plan?.rate ?? null} />}
    </section>
  );
}

function toneOf(one: CampaignOut): "warn" | "calm" {
  return one.refused !== null || one.state === "paused" ? "warn" : "calm";
}

function useLimit(plan: Plan | undefined, asked: boolean): number | null {
  const sending = useQuery({ ...sendingQuery, enabled: asked });
  return limitOf(plan?.rate, sending.data?.numbers);
}

function Sentence({ one, plan, limit }: Props & { limit: number | null }): ReactNode {
  const open = openOf(one.figures);
  if (isBuilding(one))
    return (
      <Said icon={Hourglass} title="Finding out who gets it">
        <span data-testid="built">{lookedAt(one)}</span>. Nothing leaves before everybody was.
      </Said>
    );
  switch (one.state) {
    case "draft":
      return one.refused === null ? (
        <Said icon={PencilLine} title="A draft">Nothing of it leaves unless somebody launches it.</Said>
      ) : (
        <Said icon={CircleAlert} title="The launch came to nothing">{one.refused}</Said>
      );
    case "scheduled":
      return (
        <Said icon={CalendarClock} title={`Begins ${said(one.due_at, plan?.start.zone, present())}`}>
          {people(open)} will get it{plan?.start.at_home ? ", each when that hour has come on the own clock" : ""}.
        </Said>
      );
    case "active":
      return <Active one={one} plan={plan} limit={limit} />;
    case "paused":
      return (
        <Said icon={CirclePause} title={one.told}>
          {people(open)} {open === 1 ? "waits" : "wait"}. Nothing leaves until somebody resumes it.
        </Said>
      );
    case "completed":
      return <Said icon={CheckCircle2} title="Completed">Everybody was written to{one.ended_at && <> by {fullTime(new Date(one.ended_at))}</>}. Replies still count.</Said>;
    case "cancelled":
      return (
        <Said icon={CircleX} title="Cancelled">
          {one.ended_at === null ? "What was on its way is still being counted." : `${people(one.figures.skipped)} did not get it.`}
        </Said>
      );
  }
}

function Active({ one, plan, limit }: Props & { limit: number | null }) {
  const now = useSeconds();
  const open = openOf(one.figures);
  const batch = one.next_batch_at !== null && Date.parse(one.next_batch_at) > now.getTime() && one.figures.pending > 0 ? one.next_batch_at : null;
  const done = doneAt(one, plan, limit, now);
  const size = plan?.drip ? Math.min(plan.drip.batch, one.figures.pending) : 0;
  return (
    <Said icon={batch ? CalendarClock : Send} title={batch ? `Next batch ${said(batch, plan?.drip?.zone, now)}` : open > 0 ? "Sending" : "Waiting for the last receipts"}>
      {batch && size > 0 && <>{people(size)} then. </>}
      {open > 0 && <>{people(open)} to go{done && <>; the last about {said(done.toISOString(), plan?.drip?.zone, now)}, or later where quiet hours hold a text</>}.</>}
    </Said>
  );
}

function Said({ icon: Icon, title, children }: { icon: LucideIcon; title: string; children: ReactNode }) {
  return (
    <div className={styles.said}>
      <Icon size={22} strokeWidth={1.7} aria-hidden="true" />
      <div>
        <h2>{title}</h2>
        <p>{children}</p>
      </div>
    </div>
  );
}

const said = (at: string | null, zone: string | undefined, now: Date): string => (at === null ? "soon" : when(new Date(at), mine(), zone, now));

// Rate against limit

const TICK_MS = 1_000;

function useSeconds(): Date {
  const [now, set] = useState(present);
  useEffect(() => {
    const timer = setInterval(() => set(present()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}

function usePace(segments: number, limit: number | null): number | null {
  const now = useSeconds().getTime();
  const samples = useRef<readonly Sample[]>([]);
  const [pace, set] = useState<number | null>(null);
  const seen = useRef(segments);
  seen.current = segments;
  useEffect(() => {
    samples.current = sampled(samples.current, { at: now, segments: seen.current }, limit);
    set(paceOf(samples.current));
  }, [now]);
  return pace;
}

const rates = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 });

function Pace({ one, limit, own }: { one: CampaignOut; limit: number | null; own: number | null }) {
  const pace = usePace(one.figures.segments, limit);
  return (
    <div className={styles.pace}>
      <p>
        <b data-testid="pace">{pace === null ? "–" : rates.format(pace)}</b> of {limit === null ? "–" : rates.format(limit)} segments per second
        <small>{own === null ? "as fast as the numbers let" : limit !== null && limit < own ? `set to ${amount(own)}, the numbers let less` : "set for this campaign"}</small>
      </p>
      {limit !== null && (
        <meter min={0} max={limit} value={Math.min(pace ?? 0, limit)} aria-label="Rate against limit">
          {rates.format(pace ?? 0)} of {rates.format(limit)}
        </meter>
      )}
    </div>
  );
}
