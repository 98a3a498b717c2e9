// The open conversation: who it is with, what was said, and the reply.
import { ActionIcon, Tooltip } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { ArrowLeft, Ban, MailOpen, Megaphone, MessageCircleOff, ShieldCheck } from "lucide-react";
import { lazy, Suspense, useCallback, useEffect, useRef, useState } from "react";
import { Avatar } from "../app/Avatar";
import { useSession } from "../app/session";
import { numbersQuery, whoseNumber } from "../filters/numbers";
import type { Colleague } from "../live/store";
import { useLive, usePeople, useRow, useThread } from "../live/hooks";
import { Nothing } from "../parts/Nothing";
import type { TextedOut } from "../gen/wire";
import { formatNumber, nameOrNumber } from "../text/people";
import { fullTime } from "../text/time";
import { dateTime, mine } from "../compose/zoned";
import { HeldBanner } from "../review/HeldBanner";
import { Answer } from "../team/Answer";
import { TeamBar } from "../team/TeamBar";
import { useMentionsSeen } from "../team/useMentionsSeen";
import { focusHeading, focusList, HEADING, isPhone } from "./focus";
import { Messages } from "./Messages";
import styles from "./ThreadPane.module.css";

const ThreadConsent = lazy(() => import("../consent/ThreadConsent").then((module) => ({ default: module.ThreadConsent })));

export function ThreadPane({ id, at }: { id: number; at: number | null }) {
  const live = useLive();
  const thread = useThread(id);
  const row = useRow(id)?.row;
  const sender = useSender(row?.number);
  const leave = useLeave();
  const [consent, setConsent] = useState(false);
  const consentButton = useRef<HTMLButtonElement>(null);
  const closeConsent = () => {
    // after the key that closed it, which would else leave the conversation as well
    requestAnimationFrame(() => {
      setConsent(false);
      requestAnimationFrame(() => consentButton.current?.focus());
    });
  };
  useEffect(() => live.visit(id), [live, id]);
  useEscape(leave);
  useMentionsSeen(id, thread.state);
  const known = row !== undefined;
  useEffect(() => {
    if (known) focusHeading();
  }, [known, id]);

  if (thread.missing) return <Missing onBack={leave} />;
  const markUnread = () => {
    const last = thread.state?.messages.findLast((message) => message.in_ord != null)?.in_ord;
    if (last != null) live.markUnread(id, last);
    leave(true);
  };
  return (
    <div className={styles.pane}>
      <header className={styles.head}>
        <ActionIcon className={styles.back} variant="subtle" size={44} aria-label="Back to the list" onClick={() => leave(true)}>
          <ArrowLeft size={22} />
        </ActionIcon>
        {row ? (
          <>
            <Avatar name={row.name} seed={row.address} />
            <div className={styles.who}>
              <h2 id={HEADING} tabIndex={-1}>
                {row.contact_id === null ? (
                  <span>{nameOrNumber(row)}</span>
                ) : (
                  <Link to="/people/$contactId" params={{ contactId: String(row.contact_id) }} className={styles.name} title="Open the contact">
                    {nameOrNumber(row)}
                  </Link>
                )}
                {(row.opted_out || row.carrier_blocked || row.invalid) && (
                  <strong>
                    <Ban size={11} strokeWidth={2.4} aria-hidden="true" />
                    {row.carrier_blocked ? "Blocked by the carrier" : row.opted_out ? "Opted out" : "Undeliverable"}
                  </strong>
                )}
              </h2>
              <p className="numeric">
                {row.name && <span>{formatNumber(row.address)}</span>}
                <span>
                  <span className={styles.wide}>
                    {row.name ? "· " : ""}you write from {formatNumber(row.number)}
                    {sender && ` · ${sender.whose}`}
                  </span>
                  <span className={styles.narrow}>
                    {row.name ? "· " : ""}
                    from {sender?.brief ?? `…${row.number.slice(-4)}`}
                  </span>
                </span>
              </p>
            </div>
          </>
        ) : (
          <span className={`bone ${styles.bone}`} />
        )}
        <Viewers id={id} />
        <Tooltip label="Consent">
          <ActionIcon ref={consentButton} variant="subtle" size={40} aria-label="Consent" aria-haspopup="dialog" onClick={() => setConsent(true)} disabled={!row}>
            <ShieldCheck size={19} strokeWidth={1.8} />
          </ActionIcon>
        </Tooltip>
        <Tooltip label="Mark as unread">
          <ActionIcon variant="subtle" size={40} aria-label="Mark as unread" onClick={markUnread} disabled={!thread.state}>
            <MailOpen size={19} strokeWidth={1.8} />
          </ActionIcon>
        </Tooltip>
      </header>
      {row && <TeamBar row={row} />}
      {row?.campaign && <LastCampaign by={row.campaign} />}
      {row && <HeldBanner row={row} />}
      {row && consent && (
        <Suspense>
          <ThreadConsent threadId={id} name={nameOrNumber(row)} onClose={closeConsent} />
        </Suspense>
      )}
      <Messages id={id} jump={at} thread={thread} name={row ? nameOrNumber(row) : "this contact"} blocked={row?.carrier_blocked ?? false} />
      <Typists id={id} />
      <Answer id={id} row={row} />
    </div>
  );
}

/** That the number which replies leave from is somebody's own, in full and in brief; null: it is everybody's. */
function useSender(address: string | undefined): { whose: string; brief: string } | null {
  const me = useSession().member.id;
  const numbers = useQuery(numbersQuery).data?.numbers;
  const number = numbers?.find((one) => one.address === address);
  const [whose, brief] = [false, true].map((brief) => whoseNumber(number, me, { mine: "your own", brief }));
  return whose && brief ? { whose, brief } : null;
}

/** What they are likely to answer: the campaign that wrote to them last. */
function LastCampaign({ by }: { by: TextedOut }) {
  const at = new Date(by.at);
  return (
    <p className={styles.context}>
      <Megaphone size={14} strokeWidth={2} aria-hidden="true" />
      <span>
        <span className={styles.wide}>Texted by the campaign </span>
        <Link to="/sms/campaigns/$campaignId" params={{ campaignId: String(by.id) }}>
          {by.name}
        </Link>
      </span>
      <time dateTime={by.at} title={fullTime(at)}>{dateTime(mine(), at)}</time>
    </p>
  );
}

/** Back to the list: on a phone the pane closes; else it stays open and the focus returns, unless `close` is asked for. */
function useLeave(): (close?: boolean) => void {
  const navigate = useNavigate();
  return useCallback(
    (close = false) => {
      if (!close && !isPhone()) return focusList();
      void navigate({ to: "/phone/sms" }).then(() => requestAnimationFrame(focusList));
    },
    [navigate],
  );
}

function useEscape(leave: () => void): void {
  useEffect(() => {
    const key = (event: KeyboardEvent) => {
      const taken = event.defaultPrevented || document.querySelector("[role=dialog], [role=menu]") !== null;
      if (event.key === "Escape" && !taken) leave();
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  }, [leave]);
}

function useOthers(id: number): Colleague[] {
  const { member } = useSession();
  return usePeople(id).filter((one) => one.member_id !== member.id);
}

function Viewers({ id }: { id: number }) {
  const people = useOthers(id);
  if (people.length === 0) return null;
  const names = people.map((one) => one.name).join(", ");
  return (
    <Tooltip label={`Also here: ${names}`}>
      <div className={styles.viewers} role="img" aria-label={`Also here: ${names}`}>
        {people.slice(0, 3).map((one) => (
          <Avatar key={one.member_id} name={one.name} seed={one.name} size={24} />
        ))}
      </div>
    </Tooltip>
  );
}

function Typists({ id }: { id: number }) {
  const names = useOthers(id).filter((one) => one.typing).map((one) => one.name.split(" ")[0]);
  return (
    <div className={styles.typists} role="status">
      {names.length > 0 && (
        <span>
          {names.join(" and ")} {names.length > 1 ? "are" : "is"} typing…
        </span>
      )}
    </div>
  );
}

function Missing({ onBack }: { onBack: (close: boolean) => void }) {
  return (
    <Nothing icon={MessageCircleOff} title="This conversation does not exist">
      <p>It may be a colleague&apos;s own, or another workspace&apos;s, or the address was mistyped.</p>
      <p>
        <button type="button" onClick={() => onBack(true)}>
          Back to the inbox
        </button>
      </p>
    </Nothing>
  );
}
