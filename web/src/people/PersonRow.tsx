import { Checkbox } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Ban } from "lucide-react";
import { memo } from "react";
import { Avatar } from "../app/Avatar";
import { formatNumber } from "../text/people";
import { fullTime, rowTime } from "../text/time";
import { lastActive, mainPhone, markOf, titleOf } from "./rows";
import type { Contact } from "./types";
import styles from "./PersonRow.module.css";

interface Props {
  contact: Contact;
  /** As assistive technology counts: the headings are row 1. */
  index: number;
  top: number;
  today: Date;
  selected: boolean;
  stop: boolean;
  onPick: (id: number, through: boolean) => void;
  onFocus: (id: number) => void;
}

const SHOWN_TAGS = 2;

/** One person: a row of the grid, a card on a phone. */
export const PersonRow = memo(function PersonRow({ contact, index, top, today, selected, stop, onPick, onFocus }: Props) {
  const id = contact.contact_id;
  const phone = mainPhone(contact);
  const mark = markOf(contact);
  const title = titleOf(contact);
  const at = lastActive(contact);
  const [stage] = contact.stages;
  return (
    <div
      className={styles.row} role="row" aria-rowindex={index} aria-selected={selected} data-person={id} tabIndex={stop ? 0 : -1} style={{ transform: `translateY(${top}px)` }}
      onFocus={() => onFocus(id)}
    >
      <span role="gridcell" className={styles.box}>
        <Checkbox
          size="sm" tabIndex={-1} aria-label={`Select ${title}`} checked={selected} onChange={() => undefined}
          onClick={(event) => {
            event.stopPropagation();
            onPick(id, event.shiftKey);
          }}
        />
      </span>
      <span role="gridcell" className={styles.name}>
        <Avatar name={contact.name} seed={phone?.address ?? contact.email} size={36} />
        <span>
          <Link to="/people/$contactId" params={{ contactId: String(id) }} className={styles.link} tabIndex={-1}>
            {title}
          </Link>
          <span className={styles.email}>{contact.email}</span>
        </span>
      </span>
      <span role="gridcell" className={styles.phone} data-from="phone">
        {phone && contact.name.trim() && <span className="numeric">{formatNumber(phone.address)}</span>}
        {mark && (
          <span className={styles.mark} data-mark={mark}>
            {(mark === "Opted out" || mark === "Blocked by the carrier") && <Ban size={11} strokeWidth={2.4} aria-hidden="true" />}
            {mark === "Blocked by the carrier" ? "Blocked" : mark}
          </span>
        )}
      </span>
      <span role="gridcell" className={styles.tags} data-from="tags">
        {contact.tags.slice(0, SHOWN_TAGS).map((tag) => (
          <span key={tag.tag_id} className={styles.tag}>
            {tag.name}
          </span>
        ))}
        {/* A narrow list shows the first alone: two words cut short say less than one. */}
        {[1, SHOWN_TAGS].map((shown) => contact.tags.length > shown && <span key={shown} className={styles.rest} data-beside={shown} title={contact.tags.map((tag) => tag.name).join(", ")}>+{contact.tags.length - shown}</span>)}
      </span>
      <span role="gridcell" className={styles.soft} data-from="stage">
        {stage?.stage ?? ""}
      </span>
      <span role="gridcell" className={styles.soft} data-from="owner">
        {contact.owner?.name ?? ""}
      </span>
      <span role="gridcell" className={styles.time} data-from="text">
        {at && (
          <time dateTime={at} title={fullTime(new Date(at))}>
            {rowTime(new Date(at), today)}
          </time>
        )}
      </span>
    </div>
  );
});
