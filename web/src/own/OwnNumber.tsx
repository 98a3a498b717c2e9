// Whose phone tests go to: named by its member, and proven by a text that comes from it.
import { Button, Modal, TextInput } from "@mantine/core";
import { BadgeCheck, MessageSquareText } from "lucide-react";
import { useEffect, useRef, useState, type ReactNode } from "react";
import { useSession } from "../app/session";
import type { OwnNumberOut } from "../gen/wire";
import { Failure } from "../parts/Failure";
import { Foot } from "../parts/Sure";
import { formatNumber } from "../text/people";
import { clockTime } from "../text/time";
import { useAsk, useOwnNumber, useRemove, useShownCode, useTextIn } from "./own";
import styles from "./OwnNumber.module.css";

interface Props {
  /** The dialog stands there while it is closed, too, and so gives the focus back. */
  opened: boolean;
  onClose: () => void;
  /** What it is good for at this place, once it is proven. */
  children?: ReactNode;
}

export function OwnNumberDialog({ opened, onClose, children }: Props) {
  return (
    <Modal opened={opened} onClose={onClose} title="Your phone" closeButtonProps={{ "aria-label": "Close" }}>
      <Own>{children}</Own>
    </Modal>
  );
}

function Own({ children }: { children: ReactNode }) {
  const found = useOwnNumber();
  const state = found.data?.state;
  const box = useRef<HTMLDivElement>(null);
  const was = useRef(state);
  useEffect(() => {
    if (was.current !== undefined && was.current !== state) box.current?.focus(); // what had the focus is gone
    was.current = state;
  }, [state]);
  return (
    <div ref={box} className={styles.own} tabIndex={-1}>
      <Failure brief error={found.error} onAgain={() => void found.refetch()} />
      {found.data && <Standing number={found.data}>{children}</Standing>}
    </div>
  );
}

function Standing({ number, children }: { number: OwnNumberOut; children: ReactNode }) {
  if (number.state === "waiting" && number.address !== null) return <Waiting number={number} address={number.address} />;
  if (number.state === "verified" && number.address !== null) return <Verified address={number.address}>{children}</Verified>;
  return <Naming number={number} />;
}

const ENDED: Partial<Record<OwnNumberOut["state"], string>> = {
  expired: "The code was not texted in time. Get another one.",
  spent: "Too many wrong codes came from that phone. Get another one.",
  taken: "A colleague has shown that this number is theirs.",
};

function Naming({ number }: { number: OwnNumberOut }) {
  const { workspace } = useSession();
  const [typed, setTyped] = useState(number.address === null ? "" : formatNumber(number.address));
  const ask = useAsk();
  const told = ENDED[number.state];
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        ask.mutate(typed);
      }}
    >
      <p>Tests of your campaigns go to your own phone and to no other. Show once that it is yours: you get a code, and text it to us from there.</p>
      {told && !ask.isError && (
        <p className={styles.ended} role="status">
          {told}
        </p>
      )}
      <TextInput
        label="Your number" type="tel" autoComplete="tel" data-autofocus value={typed} maxLength={60} placeholder={workspace.simulated ? "(413) 555-0150" : "(617) 555-0150"}
        description={workspace.simulated ? "This is a simulation: any number from 555-0100 to 555-0199." : undefined} error={ask.error?.message} onChange={(event) => setTyped(event.currentTarget.value)}
      />
      <Foot>
        <Button type="submit" loading={ask.isPending} disabled={typed.trim() === ""}>
          Get a code
        </Button>
      </Foot>
    </form>
  );
}

function Waiting({ number, address }: { number: OwnNumberOut; address: string }) {
  const { workspace } = useSession();
  const code = useShownCode(address);
  const ask = useAsk();
  const remove = useRemove();
  const textIn = useTextIn();
  const left = number.tries_left;
  return (
    <>
      {code === null ? (
        <p>A code for {formatNumber(address)} was shown somewhere else. Text it from that phone, or get another one here.</p>
      ) : (
        <>
          <p>
            Text this code from <strong className="numeric">{formatNumber(address)}</strong> to <strong className="numeric">{formatNumber(number.text_to ?? "")}</strong>, and nothing else beside it:
          </p>
          <figure className={styles.code} aria-label="Code">
            {code}
          </figure>
        </>
      )}
      <p className={styles.waiting} role="status">
        <span className={styles.pulse} aria-hidden="true" />
        Waiting for your text{number.expires_at === null ? "" : ` until ${clockTime(new Date(number.expires_at))}`}.{left < 5 && ` That was not the code: ${left === 1 ? "one try is" : `${left} tries are`} left.`}
      </p>
      <Failure brief error={ask.error ?? textIn.error ?? remove.error} />
      {workspace.simulated && code !== null && (
        <div className={styles.simulated}>
          <p>Nobody has a phone with this number. The simulated carrier can send the text for it.</p>
          <Button leftSection={<MessageSquareText size={16} aria-hidden="true" />} loading={textIn.isPending} onClick={() => textIn.mutate(code)}>
            Text it from the simulated phone
          </Button>
        </div>
      )}
      <Foot>
        <Button variant="default" loading={remove.isPending} onClick={() => remove.mutate()}>
          Another number
        </Button>
        <Button variant="default" loading={ask.isPending} onClick={() => ask.mutate(address)}>
          New code
        </Button>
      </Foot>
    </>
  );
}

function Verified({ address, children }: { address: string; children: ReactNode }) {
  const remove = useRemove();
  return (
    <>
      <p className={styles.verified} role="status">
        <BadgeCheck size={20} aria-hidden="true" />
        <span>
          <strong className="numeric">{formatNumber(address)}</strong> is yours. Tests of your campaigns go there.
        </span>
      </p>
      <Failure brief error={remove.error} />
      <Foot>
        <Button variant="default" loading={remove.isPending} onClick={() => remove.mutate()}>
          Remove it
        </Button>
        {children}
      </Foot>
    </>
  );
}
