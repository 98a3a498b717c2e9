// One text or note of History: who it is with, what it says, what became of it. It leads to its place in the conversation.
import { Link } from "@tanstack/react-router";
import { ArrowDownLeft, ArrowUpRight, Megaphone, NotebookPen, Paperclip } from "lucide-react";
import { memo } from "react";
import { fateOf } from "../inbox/runs";
import { formatNumber, nameOrNumber } from "../text/people";
import type { MessageOut, NoteOut } from "../gen/wire";
import { clockTime, fullTime } from "../text/time";
import { said, type Found } from "./api";
import { marked } from "./marks";
import styles from "./HistoryPage.module.css";

export const FoundRow = memo(function FoundRow({ row, typed }: { row: Found; typed: string }) {
  const { message, note } = row;
  const what = said(row);
  const at = new Date(what.at);
  const way = message?.direction ?? "note";
  const Icon = { in: ArrowDownLeft, out: ArrowUpRight, note: NotebookPen }[way];
  return (
    <li className={styles.row} data-way={way}>
      <span className={styles.icon} data-direction={way}>
        <Icon size={16} strokeWidth={2.2} aria-hidden="true" />
      </span>
      <p className={styles.who}>
        <Link to="/phone/sms/$threadId" params={{ threadId: String(row.thread_id) }} search={{ at: what.seq }} className={styles.link} data-text="">
          <span className="hush">{BEFORE[way]}</span>
          {nameOrNumber(row)}
        </Link>
        <span className={styles.ends}>
          {row.name && <span className="numeric">{formatNumber(row.address)}</span>}
          {message && (
            <span className="numeric">
              {way === "in" ? "to" : "from"} {formatNumber(row.number)}
            </span>
          )}
        </span>
      </p>
      <time className={styles.time} dateTime={what.at} title={fullTime(at)}>
        {clockTime(at)}
      </time>
      <p className={styles.body}>
        {marked(what.body, typed).map((stretch, index) => (stretch.hit ? <mark key={index}>{stretch.text}</mark> : <span key={index}>{stretch.text}</span>))}
        {message && <Pictures many={message.media?.length ?? 0} />}
      </p>
      {message && <Fate message={message} />}
      {note && <ByWhom note={note} />}
    </li>
  );
});

const BEFORE = { in: "From ", out: "To ", note: "Note about " };

function Pictures({ many }: { many: number }) {
  if (many === 0) return null;
  return (
    <em>
      <Paperclip size={13} aria-hidden="true" /> {many === 1 ? "1 picture" : `${many} pictures`}
    </em>
  );
}

function Fate({ message }: { message: MessageOut }) {
  const fate = fateOf(message);
  return (
    <p className={styles.fate} data-tone={fate.tone}>
      {message.campaign && (
        <span className={styles.campaign}>
          <Megaphone size={12} aria-hidden="true" /> {message.campaign.name}
        </span>
      )}
      {!message.campaign && message.author && <span>{message.author}</span>}
      {fate.words && <span className={styles.state}>{fate.words}</span>}
    </p>
  );
}

function ByWhom({ note }: { note: NoteOut }) {
  return (
    <p className={styles.fate}>
      <span>{note.author}</span>
      <span>Note, only for colleagues</span>
    </p>
  );
}
