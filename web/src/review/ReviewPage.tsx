// Texts that may have asked to stop. Whoever looks first decides, and everybody's count goes down.
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleCheckBig } from "lucide-react";
import { useRef, useState } from "react";
import { reviewsQuery } from "../api";
import { Avatar } from "../app/Avatar";
import type { ReviewOut } from "../gen/wire";
import { Failure } from "../parts/Failure";
import { Nothing } from "../parts/Nothing";
import { Page } from "../parts/Page";
import { ShowMore } from "../parts/ShowMore";
import { formatNumber, nameOrNumber } from "../text/people";
import { fullTime, rowTime } from "../text/time";
import { useToday } from "../text/useToday";
import { Decisions } from "./Decisions";
import { Quote } from "./Quote";
import { recognisedAs, settledAs, settledBy, useFreshReviews } from "./review";
import styles from "./ReviewPage.module.css";

export function ReviewPage() {
  useFreshReviews();
  const heading = useRef<HTMLHeadingElement>(null);
  const [said, say] = useState("");
  const found = useInfiniteQuery(reviewsQuery);
  const all = found.data?.pages.flatMap((page) => page.reviews) ?? [];
  const open = all.filter((review) => review.decision === null);
  const settled = all.filter((review) => review.decision !== null);
  const decided = (what: string) => {
    say(what);
    heading.current?.focus(); // the buttons that had the focus go away with their text
  };
  return (
    <Page heading={heading} title="Needs review" lead="These texts may be asking us to stop. No campaign reaches their senders until somebody decides what was meant.">
      <p className="hush" role="status">
        {said}
      </p>
      <Failure error={found.error} />
      {found.isPending && <div className={`bone ${styles.bone}`} aria-hidden="true" />}
      {found.data && open.length === 0 && <Empty />}
      {open.length > 0 && (
        <ul className={styles.list} aria-label="Waiting for a decision">
          {open.map((review) => (
            <Item key={review.id} review={review} onDecided={decided} />
          ))}
        </ul>
      )}
      {settled.length > 0 && <Settled reviews={settled} />}
      <ShowMore of={found} />
    </Page>
  );
}

function Item({ review, onDecided }: { review: ReviewOut; onDecided: (said: string) => void }) {
  return (
    <li className={styles.item} data-review={review.id}>
      <div className={styles.who}>
        <Avatar name={review.name} seed={review.address} />
        <h2>
          <Sender review={review} />
        </h2>
        <p>
          {review.name && <span className="numeric">{formatNumber(review.address)} · </span>}
          {recognisedAs(review)}
        </p>
        <When at={review.at} />
      </div>
      <Quote review={review} />
      <Decisions review={review} onDecided={onDecided} />
    </li>
  );
}

function Sender({ review }: { review: ReviewOut }) {
  return (
    <Link to="/phone/sms/$threadId" params={{ threadId: String(review.thread_id) }} className={styles.link}>
      {nameOrNumber(review)}
      <span className="hush">: open the conversation</span>
    </Link>
  );
}

function When({ at }: { at: string }) {
  const today = useToday();
  return (
    <time className={styles.time} dateTime={at} title={fullTime(new Date(at))}>
      {rowTime(new Date(at), today)}
    </time>
  );
}

function Empty() {
  return (
    <Nothing boxed icon={CircleCheckBig} title="Nothing to decide">
      <p>A text that may be asking to stop shows up here by itself. A plain STOP never needs you: it takes effect at once.</p>
    </Nothing>
  );
}

function Settled({ reviews }: { reviews: ReviewOut[] }) {
  return (
    <section className={styles.settled} aria-labelledby="settled">
      <h2 id="settled">Decided</h2>
      <ul>
        {reviews.map((review) => (
          <li key={review.id}>
            <Sender review={review} />
            <span className={styles.text}>{review.parts.map((part) => part.text).join("")}</span>
            <span className={styles.verdict}>
              <strong>{settledAs(review)}</strong>
              {settledBy(review) && <span> by {settledBy(review)}</span>}
            </span>
            {review.decided_at && <When at={review.decided_at} />}
          </li>
        ))}
      </ul>
    </section>
  );
}
