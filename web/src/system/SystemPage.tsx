// The server's live tree of actors: what runs, what waits, what failed.
import { ActionIcon } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { ChevronDown, ChevronRight } from "lucide-react";
import { useState, type CSSProperties } from "react";
import { serversQuery, type Actor, type Server } from "../api";
import { Failure } from "../parts/Failure";
import { Page } from "../parts/Page";
import { clockTime, spanOf } from "../text/time";
import { Facts } from "./Facts";
import { Scroll } from "./Scroll";
import styles from "./SystemPage.module.css";

const EVERY_MS = 2_000;
const FOLDED_FROM = 30; // children: a registry of threads is opened on demand
const number = new Intl.NumberFormat("en-US");
const CALM = new Set(["running", "idle", "hot", "started", "active"]);

export function SystemPage() {
  const asked = useQuery({ ...serversQuery, refetchInterval: EVERY_MS });
  const servers = asked.data?.servers ?? [];
  const alone = servers.length === 1;
  return (
    <Page width={1240} title="System" lead={alone ? "What the server does at this moment, renewed every two seconds." : "What the servers do, renewed every two seconds."}>
      <Failure error={asked.error}>{asked.data && "What is shown is older."}</Failure>
      {asked.data && <Summary roots={servers.flatMap((one) => (one.tree && one.life === "running" ? [one.tree] : []))} />}
      {asked.isPending && <div className={`bone ${styles.bone}`} aria-hidden="true" />}
      {[...servers.filter((one) => one.here), ...servers.filter((one) => !one.here)].map((one) => (
        <OneServer key={one.gen} server={one} alone={alone} />
      ))}
    </Page>
  );
}

function OneServer({ server, alone }: { server: Server; alone: boolean }) {
  const title = alone ? "Actors" : `Actors of server ${server.gen}`;
  const id = `actors-${server.gen}`;
  return (
    <section className={styles.section} aria-labelledby={id} data-life={server.life}>
      <h2 id={id}>{title}</h2>
      {!alone && <p className={styles.which}>{whichOf(server)}</p>}
      {server.tree && (server.life === "running" || server.life === "silent") && <Tree root={server.tree} label={title} />}
    </section>
  );
}

function whichOf(server: Server): string {
  const where = `${server.here ? "This one" : "Another one"}, on ${server.host}, process ${server.pid}${server.sends ? ", which sends" : ""}.`;
  const ended = server.ended_at ? ` at ${clockTime(new Date(server.ended_at))}` : "";
  switch (server.life) {
    case "gone":
      return `${where} It is gone: it ended${ended}.`;
    case "taken_over":
      return `${where} It is gone: it said nothing any more, and others took over${ended}.`;
    case "silent":
      return `${where} It says nothing any more${server.tree ? "; what is shown is what it told last" : ""}.`;
    case "running":
      return server.tree ? where : `${where} It has not told yet what it does.`;
  }
}

function everyone(actor: Actor): Actor[] {
  return [actor, ...actor.children.flatMap(everyone)];
}

function Summary({ roots }: { roots: Actor[] }) {
  const all = roots.flatMap(everyone);
  const sum = (of: (actor: Actor) => number) => all.reduce((total, actor) => total + of(actor), 0);
  const facts = [
    { label: "Actors", value: number.format(all.length) },
    { label: "Handled", value: number.format(sum((actor) => actor.handled)) },
    { label: "Waiting", value: number.format(sum((actor) => actor.depth)) },
    { label: "Restarts", value: number.format(sum((actor) => actor.restarts)) },
    { label: "In trouble", value: number.format(all.filter((actor) => !CALM.has(actor.state)).length) },
  ];
  return <Facts facts={facts} />;
}

function Tree({ root, label }: { root: Actor; label: string }) {
  return (
    <Scroll label={label}>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">Actor</th>
            <th scope="col">State</th>
            <th scope="col" data-figure>Waiting</th>
            <th scope="col" data-figure data-wide>Oldest</th>
            <th scope="col" data-figure data-wide>Handled</th>
            <th scope="col" data-figure>Restarts</th>
            <th scope="col" data-wide>Last error</th>
          </tr>
        </thead>
        <tbody>
          <Branch actor={root} level={0} path={root.name} />
        </tbody>
      </table>
    </Scroll>
  );
}

function LastError({ error }: { error: NonNullable<Actor["last_error"]> }) {
  return (
    <>
      <b>{error.type}</b> <time dateTime={error.at}>{clockTime(new Date(error.at))}</time>
    </>
  );
}

function Branch({ actor, level, path }: { actor: Actor; level: number; path: string }) {
  const [chosen, choose] = useState<boolean | null>(null);
  const parent = actor.children.length > 0;
  const opened = chosen ?? actor.children.length < FOLDED_FROM;
  return (
    <>
      <tr data-trouble={!CALM.has(actor.state)}>
        <th scope="row">
          <span className={styles.name} style={{ "--level": level } as CSSProperties}>
            {parent ? (
              <ActionIcon variant="subtle" size={24} aria-expanded={opened} aria-label={`Children of ${actor.name}`} onClick={() => choose(!opened)}>
                {opened ? <ChevronDown size={16} /> : <ChevronRight size={16} />}
              </ActionIcon>
            ) : (
              <i />
            )}
            {actor.name}
            {actor.kind !== actor.name && <small>{actor.kind}</small>}
            {parent && !opened && <small>{number.format(actor.children.length)} inside</small>}
          </span>
          {actor.last_error && (
            <span className={`${styles.error} ${styles.below}`}>
              <LastError error={actor.last_error} />
            </span>
          )}
        </th>
        <td>
          <span className={styles.state} data-calm={CALM.has(actor.state)}>
            {actor.state}
          </span>
        </td>
        <td data-figure>{number.format(actor.depth)}</td>
        <td data-figure data-wide>{actor.oldest_age_s === null || actor.depth === 0 ? "–" : spanOf(actor.oldest_age_s)}</td>
        <td data-figure data-wide>{number.format(actor.handled)}</td>
        <td data-figure data-some={actor.restarts > 0}>{number.format(actor.restarts)}</td>
        <td className={styles.error} data-wide>
          {actor.last_error ? <LastError error={actor.last_error} /> : <span className={styles.none}>none</span>}
        </td>
      </tr>
      {parent && opened && actor.children.map((child) => <Branch key={`${path}/${child.name}`} actor={child} level={level + 1} path={`${path}/${child.name}`} />)}
    </>
  );
}
