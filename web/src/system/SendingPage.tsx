// How fast texts leave at this moment: each number, every limit over it, each brand's day, and which server sends.
import { Button } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { CirclePause, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { api, queryClient, sendingQuery, type BrandDay, type LimitPace, type NumberPace, type Sending, type Server } from "../api";
import { useRefusal } from "../app/may";
import { Failure } from "../parts/Failure";
import { Page } from "../parts/Page";
import { formatNumber } from "../text/people";
import { spanOf } from "../text/time";
import { Facts } from "./Facts";
import { Scroll } from "./Scroll";
import styles from "./SystemPage.module.css";
import own from "./SendingPage.module.css";

const EVERY_MS = 1_000;
const count = new Intl.NumberFormat("en-US");
const KINDS = { number: "Number", account: "Account", registration: "Registered campaign", campaign: "Campaign" } as const;
const CARRIERS: Record<string, string> = { att: "AT&T", tmobile: "T-Mobile", verizon: "Verizon", other: "other carriers" };

export function SendingPage() {
  const { data, error } = useQuery({ ...sendingQuery, refetchInterval: EVERY_MS });
  return (
    <Page width={1240} title="Sending" lead="How fast texts leave, what holds them up, and when the last one goes. Renewed every second.">
      <Failure error={error}>{data && "What is shown is older."}</Failure>
      {data && <Senders servers={data.servers} />}
      {data?.holds && <Summary sending={data} />}
      {data?.holds && <Numbers numbers={data.numbers} />}
      {data && data.days.length > 0 && <Days days={data.days} />}
      {data?.holds && <Limits limits={data.limits.filter((limit) => limit.kind !== "number")} />}
      {!data && !error && <div className={`bone ${styles.bone}`} aria-hidden="true" />}
    </Page>
  );
}

const all = (queued: readonly number[]): number => queued.reduce((total, lane) => total + lane, 0);
const perSecond = (rate: number): string => `${rate < 10 ? Math.round(rate * 100) / 100 : Math.round(rate)}/s`;
const soon = (seconds: number | null): string => (seconds === null ? "–" : seconds < 0.05 ? "now" : spanOf(seconds));

/** Said only where it is not the usual thing: this server sends, and there is no other. */
function Senders({ servers }: { servers: Server[] }) {
  const refusal = useRefusal("hand_over_sending");
  const handOver = useMutation({ mutationFn: api.handOver, onSettled: () => queryClient.invalidateQueries({ queryKey: sendingQuery.queryKey }) });
  const sender = servers.find((server) => server.sends);
  if (servers.length < 2 && sender?.here) return null;
  return (
    <section className={styles.section} aria-labelledby="servers">
      <h2 id="servers">Servers</h2>
      {!sender && (
        <p className={styles.problem} role="status">
          <TriangleAlert size={16} aria-hidden="true" /> No server sends at this moment. One takes over within seconds.
        </p>
      )}
      <Failure error={handOver.error} />
      <ul className={own.servers}>
        {servers.map((server) => (
          <li key={server.gen}>
            <span className={styles.state} data-calm="true">
              {server.host} {server.here ? "(this page's)" : ""} <small>{server.sends ? "sends" : "serves pages only"}</small>
            </span>
            {!server.sends && refusal === null && (
              <Button size="xs" variant="default" loading={handOver.isPending} onClick={() => handOver.mutate(server.gen)}>
                Let it send
              </Button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Summary({ sending }: { sending: Sending }) {
  const lane = (at: 0 | 1 | 2) => count.format(sending.numbers.reduce((total, { queued }) => total + queued[at], 0));
  const etas = sending.numbers.filter(({ queued }) => all(queued)).map(({ eta_s }) => eta_s);
  const last = etas.length === 0 ? "nothing waits" : etas.includes(null) ? "–" : soon(Math.max(...etas.map(Number)));
  const facts = [
    { label: "Leaving", value: perSecond(sending.numbers.reduce((total, { achieved_per_s }) => total + achieved_per_s, 0)) },
    { label: "Answers wait", value: lane(0) },
    { label: "People's wait", value: lane(1) },
    { label: "Bulk waits", value: lane(2) },
    { label: "Last one in", value: last },
  ];
  return <Facts facts={facts} />;
}

function Rate({ pace }: { pace: NumberPace | LimitPace }) {
  if (pace.configured_rate === 0) {
    return (
      <span className={own.mark}>
        <span>
          <CirclePause size={14} aria-hidden="true" /> paused
        </span>
      </span>
    );
  }
  if (pace.slowed_for_s === null) return <>{perSecond(pace.configured_rate)}</>;
  return (
    <span className={own.mark}>
      <span>
        <TriangleAlert size={14} aria-hidden="true" /> {perSecond(pace.rate)} of {perSecond(pace.configured_rate)}
      </span>
      <small>the carrier slowed it; whole again in {soon(pace.slowed_for_s)}</small>
    </span>
  );
}

function Table({ id, title, columns, children }: { id: string; title: string; columns: ReactNode; children: ReactNode }) {
  return (
    <section className={styles.section} aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      <Scroll label={title}>
        <table className={styles.table}>
          <thead>
            <tr>{columns}</tr>
          </thead>
          <tbody>{children}</tbody>
        </table>
      </Scroll>
    </section>
  );
}

function Numbers({ numbers }: { numbers: NumberPace[] }) {
  const columns = (
    <>
      <th scope="col">Number</th>
      <th scope="col" data-figure>Rate</th>
      <th scope="col" data-figure data-wide>Leaving</th>
      <th scope="col" data-figure>Waiting</th>
      <th scope="col" data-figure data-wide>Segments</th>
      <th scope="col" data-figure data-wide>Next in</th>
      <th scope="col" data-figure>Last in</th>
    </>
  );
  return (
    <Table id="numbers" title="Numbers" columns={columns}>
      {numbers.map((pace) => (
        <tr key={pace.number}>
          <th scope="row">{formatNumber(pace.number)}</th>
          <td data-figure><Rate pace={pace} /></td>
          <td data-figure data-wide>{perSecond(pace.achieved_per_s)}</td>
          <td data-figure>{count.format(all(pace.queued))}</td>
          <td data-figure data-wide>{count.format(pace.segments)}</td>
          <td data-figure data-wide>{all(pace.queued) ? soon(pace.next_in_s) : "–"}</td>
          <td data-figure>{all(pace.queued) ? soon(pace.eta_s) : "–"}</td>
        </tr>
      ))}
    </Table>
  );
}

function Days({ days }: { days: BrandDay[] }) {
  return (
    <section className={styles.section} aria-labelledby="days">
      <h2 id="days">Daily caps</h2>
      <ul className={own.days}>
        {days.map((day) => (
          <li key={day.brand}>
            <strong>{day.brand}</strong>
            {day.cap !== null && <progress max={day.cap} value={Math.min(day.cap, day.used)} aria-label={`${day.brand}: segments of today's cap`} />}
            <span>
              {count.format(day.used)} {day.cap === null ? "segments, the carrier's cap is used up" : `of ${count.format(day.cap)} segments, ${count.format(day.left)} left`}
            </span>
            <span data-some={day.spent}>
              {day.spent ? `used up: ${count.format(day.held_up)} texts wait ${soon(day.resets_in_s)} for midnight in Los Angeles` : `a new day in ${soon(day.resets_in_s)}`}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Limits({ limits }: { limits: LimitPace[] }) {
  if (limits.length === 0) return null;
  const columns = (
    <>
      <th scope="col">Limit</th>
      <th scope="col" data-figure>Rate</th>
      <th scope="col" data-figure data-wide>Burst</th>
      <th scope="col" data-figure data-wide>Leaving</th>
      <th scope="col" data-figure>Held up</th>
      <th scope="col" data-figure data-wide>Last in</th>
    </>
  );
  return (
    <Table id="limits" title="Limits over several numbers or campaigns" columns={columns}>
      {limits.map((limit) => (
        <tr key={`${limit.kind} ${limit.name} ${limit.carrier}`}>
          <th scope="row">
            {limit.name}{limit.carrier && ` to ${CARRIERS[limit.carrier] ?? limit.carrier}`}
            <small className={own.kind}>{KINDS[limit.kind]}</small>
          </th>
          <td data-figure><Rate pace={limit} /></td>
          <td data-figure data-wide>{limit.burst}</td>
          <td data-figure data-wide>{perSecond(limit.achieved_per_s)}</td>
          <td data-figure data-some={limit.held_up > 0}>{count.format(limit.held_up)}</td>
          <td data-figure data-wide>{all(limit.queued) ? soon(limit.eta_s) : "–"}</td>
        </tr>
      ))}
    </Table>
  );
}
