// One text of History: who it is with, what it says, what became of it. It leads to its place in the conversation.
import { Link } from "@tanstack/react-router";
import { ArrowDownLeft, ArrowUpRight, Megaphone, Paperclip } from "lucide-react";
import { memo } from "react";
import { fateOf } from "../inbox/runs";
import { formatNumber, nameOrNumber } from "../text/people";
import { clockTime, fullTime } from "../text/time";
import type { FoundText } from "./api";
import { marked } from "./marks";
import styles from "./HistoryPage.module.css";

export const FoundRow = memo(function FoundRow({ row, typed }: { row: FoundText; typed: string }) {
  const { message } = row;
  const at = new Date(message.at);
  const fate = fateOf(message);
  const inbound = message.direction === "in";
  const pictures = message.media?.length ?? 0;
  const Icon = inbound ? ArrowDownLeft : ArrowUpRight;
  return (
    <li className={styles.row}>
      <span className={styles.icon} data-direction={message.direction}>
        <Icon size={16} strokeWidth={2.2} aria-hidden="true" />
      </span>
      <p className={styles.who}>
        <Link to="/phone/sms/$threadId" params={{ threadId: String(row.thread_id) }} search={{ at: message.seq }} className={styles.link} data-text="">
          <span className="hush">{inbound ? "From " : "To "}</span>
          {nameOrNumber(row)}
        </Link>
        <span className={styles.ends}>
          {row.name && <span className="numeric">{formatNumber(row.address)}</span>}
          <span className="numeric">
            {inbound ? "to" : "from"} {formatNumber(row.number)}
          </span>
        </span>
      </p>
      <time className={styles.time} dateTime={message.at} title={fullTime(at)}>
        {clockTime(at)}
      </time>
      <p className={styles.body}>
        {marked(message.body, typed).map((stretch, index) => (stretch.hit ? <mark key={index}>{stretch.text}</mark> : <span key={index}>{stretch.text}</span>))}
        {pictures > 0 && (
          <em>
            <Paperclip size={13} aria-hidden="true" /> {pictures === 1 ? "1 picture" : `${pictures} pictures`}
          </em>
        )}
      </p>
      <p className={styles.fate} data-tone={fate.tone}>
        {message.campaign && (
          <span className={styles.campaign}>
            <Megaphone size={12} aria-hidden="true" /> {message.campaign.name}
          </span>
        )}
        {!message.campaign && message.author && <span>{message.author}</span>}
        {fate.words && <span className={styles.state}>{fate.words}</span>}
      </p>
    </li>
  );
});
