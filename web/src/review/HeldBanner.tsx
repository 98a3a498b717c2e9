// In the conversation of a contact who may have asked to stop: what they wrote, and the decision.
import { useInfiniteQuery } from "@tanstack/react-query";
import { ShieldQuestionMark } from "lucide-react";
import { useState } from "react";
import { threadReviewsQuery } from "../api";
import type { InboxRow } from "../gen/wire";
import { nameOrNumber } from "../text/people";
import { Decisions } from "./Decisions";
import { Quote } from "./Quote";
import { useFreshReviews } from "./review";
import styles from "./HeldBanner.module.css";

export function HeldBanner({ row }: { row: InboxRow }) {
  const [said, say] = useState("");
  return (
    <>
      <p className="hush" role="status">
        {said}
      </p>
      {row.held && <Waiting row={row} onDecided={say} />}
    </>
  );
}

function Waiting({ row, onDecided }: { row: InboxRow; onDecided: (said: string) => void }) {
  useFreshReviews();
  const found = useInfiniteQuery(threadReviewsQuery(row.thread_id));
  const review = found.data?.pages[0]?.reviews.find((one) => one.decision === null);
  return (
    <section className={styles.banner} aria-label="Needs review">
      <p>
        <ShieldQuestionMark size={16} strokeWidth={2} aria-hidden="true" />
        <span>
          {nameOrNumber(row)} {review?.kind === "wrong_number" ? "may be the wrong number" : "may have asked to stop"}. Campaigns are held until somebody decides.
        </span>
      </p>
      {review && (
        <>
          <Quote review={review} />
          <Decisions review={review} brief onDecided={onDecided} />
        </>
      )}
    </section>
  );
}
