// Everything that happened between us and a contact, newest first: texts, opt-outs and consents, calls, imports.
import { Link } from "@tanstack/react-router";
import { useInfiniteQuery } from "@tanstack/react-query";
import { Ban, CircleCheck, FileUp, MessageSquareText, Phone, PhoneIncoming, PhoneOutgoing } from "lucide-react";
import { Fragment, useEffect, useRef } from "react";
import { Failure } from "../parts/Failure";
import { formatNumber } from "../text/people";
import { clockTime, dayTitle, daysBetween, fullTime } from "../text/time";
import { useToday } from "../text/useToday";
import { timelineQuery, type TimelineItem } from "./api";
import { titleOf } from "./rows";
import { keyOf, wordsOf } from "./timeline";
import type { Contact } from "./types";
import styles from "./Timeline.module.css";

const ICONS = { in: MessageSquareText, out: MessageSquareText, stop: Ban, agreed: CircleCheck, call: Phone, "call-in": PhoneIncoming, "call-out": PhoneOutgoing, import: FileUp } as const;

export function Timeline({ contact }: { contact: Contact }) {
  const today = useToday();
  const found = useInfiniteQuery(timelineQuery(contact.contact_id));
  const box = useRef<HTMLElement>(null);
  const end = useRef<HTMLDivElement>(null);
  const { hasNextPage, isFetching, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = found;
  useEffect(() => {
    // News are asked for beside it: a page asked for meanwhile would be dropped, and its end never seen to come again.
    if (!end.current || !hasNextPage || isFetching || isFetchNextPageError) return;
    const watch = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && void fetchNextPage(), { rootMargin: "400px 0px" });
    watch.observe(end.current);
    return () => watch.disconnect();
  }, [hasNextPage, isFetching, isFetchNextPageError, fetchNextPage]);
  const seen = new Set<string>();
  const items = (found.data?.pages ?? []).flatMap((page) => page.items).filter((item) => !seen.has(keyOf(item)) && seen.add(keyOf(item)));
  const several = contact.phones.length > 1;
  return (
    <section ref={box} className={styles.timeline} aria-labelledby="history" tabIndex={0}>
      <h2 id="history">History</h2>
      {found.isPending && !found.isError && <div className={`bone ${styles.bone}`} aria-hidden="true" />}
      <Failure error={items.length === 0 ? found.error : null} onAgain={() => void found.refetch()} />
      {found.isSuccess && items.length === 0 && <p className={styles.none}>Nothing yet. Texts with {titleOf(contact)}, opt-outs and calls will stand here.</p>}
      <ol className={styles.list} aria-busy={found.isFetching}>
        {items.map((item, index) => {
          const at = new Date(item.at);
          const before = items[index - 1];
          const day = before === undefined || daysBetween(at, new Date(before.at)) !== 0;
          return (
            <Fragment key={keyOf(item)}>
              {day && <li className={styles.day}>{dayTitle(at, today)}</li>}
              <Entry item={item} at={at} several={several} />
            </Fragment>
          );
        })}
      </ol>
      <div ref={end} className={styles.end}>
        {isFetchingNextPage && "Loading older entries…"}
        {isFetchNextPageError && (
          <>
            Older entries could not be loaded. <button onClick={() => void fetchNextPage()}>Try again</button>
          </>
        )}
      </div>
    </section>
  );
}

function Entry({ item, at, several }: { item: TimelineItem; at: Date; several: boolean }) {
  const { icon, who, text, more, fate, thread, address } = wordsOf(item);
  const Icon = ICONS[icon];
  return (
    <li className={styles.entry} data-kind={item.kind} data-icon={icon}>
      <span className={styles.icon}>
        <Icon size={15} strokeWidth={2} aria-hidden="true" />
      </span>
      <p className={styles.line}>
        <strong>{who}</strong>
        {several && address && <span className="numeric">{formatNumber(address)}</span>}
        {fate && <span data-bad={fate.bad || undefined}>{fate.words}</span>}
        <time dateTime={item.at} title={fullTime(at)}>
          {clockTime(at)}
        </time>
      </p>
      {text !== null &&
        (thread === null ? (
          <p className={styles.text}>{text}</p>
        ) : (
          <Link className={styles.text} to="/phone/sms/$threadId" params={{ threadId: String(thread) }} title="Open the conversation">
            {text}
          </Link>
        ))}
      {more && <p className={styles.more}>{more}</p>}
    </li>
  );
}
