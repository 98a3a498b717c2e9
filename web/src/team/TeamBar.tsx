// Whose a conversation is, and whether it is done with or put off; with the way there and back.
import { Button, Menu, Modal } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { AlarmClock, Check, ChevronDown, Inbox, UserRound } from "lucide-react";
import { useState } from "react";
import { useSession } from "../app/session";
import { present } from "../clock";
import { dateTime, dayAt, fieldsAt, instantOf, mine } from "../compose/zoned";
import type { InboxRow } from "../gen/wire";
import { Failure } from "../parts/Failure";
import { membersQuery } from "../people/api";
import { teamApi } from "./api";
import { snoozes } from "./snoozes";
import styles from "./TeamBar.module.css";

export function TeamBar({ row }: { row: InboxRow }) {
  const id = row.thread_id;
  const acting = useMutation({ mutationFn: (act: () => Promise<unknown>) => act() });
  const act = (deed: () => Promise<unknown>) => acting.mutate(deed);
  return (
    <div className={styles.bar} role="group" aria-label="Teamwork">
      <Assign row={row} onAssign={(member) => act(() => teamApi.assign(id, member))} />
      <span className={styles.rest}>
        {row.closed && <span className={styles.state}>Closed</span>}
        {!row.closed && row.snoozed_until === null && <Snooze onSnooze={(until) => act(() => teamApi.snooze(id, until))} />}
        {!row.closed && row.snoozed_until !== null && (
          <>
            <span className={styles.state}>Snoozed until {dateTime(mine(), new Date(row.snoozed_until))}</span>
            <button type="button" className={styles.act} onClick={() => act(() => teamApi.snooze(id, null))}>
              <Inbox size={15} strokeWidth={2} aria-hidden="true" />
              Bring back
            </button>
          </>
        )}
        <button type="button" className={styles.act} onClick={() => act(() => teamApi.close(id, !row.closed))}>
          {row.closed ? <Inbox size={15} strokeWidth={2} aria-hidden="true" /> : <Check size={15} strokeWidth={2} aria-hidden="true" />}
          {row.closed ? "Reopen" : "Close"}
        </button>
      </span>
      <Failure brief error={acting.error} />
    </div>
  );
}

function Assign({ row, onAssign }: { row: InboxRow; onAssign: (member: number | null) => void }) {
  const { member } = useSession();
  const colleagues = (useQuery(membersQuery).data ?? []).filter((one) => one.member_id !== member.id);
  const whose = row.assignee === null ? "Unassigned" : row.assignee.member_id === member.id ? "Yours" : row.assignee.name;
  return (
    <Menu position="bottom-start" withinPortal withInitialFocusPlaceholder={false} shadow="md">
      <Menu.Target>
        <button type="button" className={styles.act} aria-label={`Assigned to: ${row.assignee === null ? "nobody" : whose === "Yours" ? "you" : whose}`}>
          <UserRound size={15} strokeWidth={2} aria-hidden="true" />
          <span>{whose}</span>
          <ChevronDown size={14} strokeWidth={2} aria-hidden="true" />
        </button>
      </Menu.Target>
      <Menu.Dropdown className={styles.menu}>
        {row.assignee?.member_id !== member.id && <Menu.Item onClick={() => onAssign(member.id)}>Assign to me</Menu.Item>}
        {colleagues.map((one) => (
          <Menu.Item key={one.member_id} disabled={one.member_id === row.assignee?.member_id} onClick={() => onAssign(one.member_id)}>
            {one.name}
          </Menu.Item>
        ))}
        {row.assignee !== null && <Menu.Item onClick={() => onAssign(null)}>Nobody</Menu.Item>}
      </Menu.Dropdown>
    </Menu>
  );
}

function Snooze({ onSnooze }: { onSnooze: (until: Date) => void }) {
  const [choosing, choose] = useState(false);
  return (
    <>
      <Menu position="bottom-end" withinPortal withInitialFocusPlaceholder={false} shadow="md">
        <Menu.Target>
          <button type="button" className={styles.act}>
            <AlarmClock size={15} strokeWidth={2} aria-hidden="true" />
            Snooze
          </button>
        </Menu.Target>
        <Menu.Dropdown className={styles.menu}>
          {snoozes(mine(), present()).map((one) => (
            <Menu.Item key={one.label} rightSection={<span className={styles.when}>{dateTime(mine(), one.until)}</span>} onClick={() => onSnooze(one.until)}>
              {one.label}
            </Menu.Item>
          ))}
          <Menu.Item onClick={() => choose(true)}>Choose a time…</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {choosing && (
        <ChooseTime
          onClose={() => choose(false)}
          onChoose={(until) => {
            onSnooze(until);
            choose(false);
          }}
        />
      )}
    </>
  );
}

function ChooseTime({ onClose, onChoose }: { onClose: () => void; onChoose: (until: Date) => void }) {
  const [fields, setFields] = useState(() => fieldsAt(mine(), dayAt(mine(), present(), 1, "09:00")));
  const at = instantOf(mine(), fields.date, fields.time);
  const fits = at !== null && at > present();
  return (
    <Modal opened onClose={onClose} title="Snooze until" closeButtonProps={{ "aria-label": "Close" }}>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (fits) onChoose(at);
        }}
      >
        <label>
          Date
          <input type="date" data-autofocus value={fields.date} onChange={(event) => setFields({ ...fields, date: event.currentTarget.value })} />
        </label>
        <label>
          Time
          <input type="time" value={fields.time} onChange={(event) => setFields({ ...fields, time: event.currentTarget.value })} />
        </label>
        <Button type="submit" disabled={!fits}>Snooze</Button>
        <p role="status">{fits ? "" : "Choose a time in the future."}</p>
      </form>
    </Modal>
  );
}
