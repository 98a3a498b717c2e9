// One contact: who it is, and everything that was said, agreed and called.
import { ActionIcon, Button, Tooltip } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { ArrowLeft, Merge as MergeIcon, Trash2, UserRoundX } from "lucide-react";
import { useEffect, useState } from "react";
import { Problem } from "../api";
import { Avatar } from "../app/Avatar";
import { forgetConsent } from "../consent/consent";
import { ConsentCard } from "../consent/ConsentCard";
import { useLive } from "../live/hooks";
import { Nothing } from "../parts/Nothing";
import { Sure } from "../parts/Sure";
import { formatNumber } from "../text/people";
import { contactQuery, forgetPeople, forgetTimeline, peopleApi } from "./api";
import { ClashNote, Details } from "./Details";
import { Merge } from "./Merge";
import { Phones } from "./Phones";
import { byPriority, mainPhone, markOf, titleOf } from "./rows";
import { Showings } from "./Showings";
import { Sms } from "./Sms";
import { Standings } from "./Standings";
import { Tags } from "./Tags";
import { Timeline } from "./Timeline";
import type { Contact } from "./types";
import { useEdit } from "./useEdit";
import styles from "./ContactPage.module.css";

export function ContactPage() {
  const id = Number(useParams({ from: "/inside/people/$contactId" }).contactId);
  const found = useQuery({ ...contactQuery(id), enabled: Number.isSafeInteger(id), retry: (failures, error) => failures < 2 && error instanceof Problem && error.status >= 500 });
  const into = found.error instanceof Problem ? found.error.more["merged_into"] : undefined;
  const navigate = useNavigate();
  useEffect(() => {
    if (typeof into === "number") void navigate({ to: "/people/$contactId", params: { contactId: String(into) }, replace: true });
  }, [into, navigate]);
  if (found.data) return <Page key={id} contact={found.data} stale={found.isError} />;
  if (found.isError || !Number.isSafeInteger(id)) return <Missing error={found.error} onAgain={() => void found.refetch()} />;
  return (
    <div className={styles.page} aria-busy="true" aria-label="Loading">
      <div className={`bone ${styles.bone}`} />
    </div>
  );
}

function Page({ contact, stale }: { contact: Contact; stale: boolean }) {
  const edit = useEdit();
  const [asked, ask] = useState<"merge" | "delete" | null>(null);
  const [side, turn] = useState<"details" | "history">("details"); // where there is no room for both
  useNews(contact);
  const phone = mainPhone(contact);
  const mark = markOf(contact);
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <Tooltip label="Back to people">
          <ActionIcon component={Link} to="/people" variant="subtle" size={40} aria-label="Back to people">
            <ArrowLeft size={20} />
          </ActionIcon>
        </Tooltip>
        <Avatar name={contact.name} seed={phone?.address ?? contact.email} />
        <div className={styles.who}>
          <h1>{titleOf(contact)}</h1>
          <p className="numeric">
            {phone && <span>{formatNumber(phone.address)}</span>}
            {mark && <strong data-mark={mark}>{mark}</strong>}
            {stale && <span role="status">Not renewed: the server cannot be reached</span>}
          </p>
        </div>
        <div className={styles.acts} role="toolbar" aria-label="Actions">
          <Sms contact={contact} />
          <Button variant="default" leftSection={<MergeIcon size={16} aria-hidden="true" />} onClick={() => ask("merge")}>
            Merge
          </Button>
          <Tooltip label="Delete the contact">
            <ActionIcon variant="subtle" size={36} aria-label="Delete the contact" onClick={() => ask("delete")}>
              <Trash2 size={17} strokeWidth={1.9} />
            </ActionIcon>
          </Tooltip>
        </div>
      </header>
      <ClashNote edit={edit} />
      <div className={styles.sides} role="group" aria-label="What to show">
        {(["details", "history"] as const).map((one) => (
          <button key={one} type="button" aria-pressed={side === one} onClick={() => turn(one)}>
            {one === "details" ? "Details" : "History"}
          </button>
        ))}
      </div>
      <div className={styles.columns} data-side={side}>
        <div className={styles.left}>
          <Phones contact={contact} />
          <Consents contact={contact} />
          <Details contact={contact} edit={edit} />
          <Tags contact={contact} />
          <Standings contact={contact} />
          <Showings contact={contact} />
        </div>
        <Timeline contact={contact} />
      </div>
      {asked === "merge" && <Merge contact={contact} onClose={() => ask(null)} />}
      {asked === "delete" && <Delete contact={contact} onClose={() => ask(null)} />}
    </div>
  );
}

/** How the consent of each number stands, the first to be written to first. */
function Consents({ contact }: { contact: Contact }) {
  const queries = useQueryClient();
  const changed = () => {
    void queries.invalidateQueries({ queryKey: contactQuery(contact.contact_id).queryKey });
    void forgetTimeline(queries, contact.contact_id);
  };
  return byPriority(contact.phones).map((phone) => <ConsentCard key={phone.endpoint_id} endpointId={phone.endpoint_id} onChanged={changed} />);
}

/** What the socket tells of the contact's conversations is a reason to read the page anew. */
function useNews(contact: Contact): void {
  const live = useLive();
  const queries = useQueryClient();
  const id = contact.contact_id;
  const addresses = contact.phones.map((phone) => phone.address).join(" ");
  const threads = contact.phones.flatMap((phone) => phone.thread_id ?? []).join(" ");
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const news = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        void queries.invalidateQueries({ queryKey: contactQuery(id).queryKey });
        void forgetTimeline(queries, id);
        void forgetConsent(queries);
      }, 300);
    };
    const ends = threads.split(" ").filter(Boolean).map((thread) => live.store.subscribe(`row:${Number(thread)}`, news));
    // The first text of a number opens its conversation: nothing could be listened to before.
    ends.push(live.onArrivals((arrivals) => arrivals.some(({ row }) => addresses.includes(row.address)) && news()));
    return () => {
      clearTimeout(timer);
      for (const end of ends) end();
    };
  }, [live, queries, id, threads, addresses]);
}

function Delete({ contact, onClose }: { contact: Contact; onClose: () => void }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const removing = useMutation({
    mutationFn: () => peopleApi.remove(contact.contact_id),
    onSuccess: async () => {
      await navigate({ to: "/people" });
      queries.removeQueries({ queryKey: contactQuery(contact.contact_id).queryKey });
      await forgetPeople(queries);
    },
  });
  return (
    <Sure title={`Delete ${titleOf(contact)}?`} no="Keep" yes="Delete" busy={removing.isPending} error={removing.error} onNo={onClose} onYes={() => removing.mutate()}>
      The contact leaves the list. Conversations, opt-outs and consents of its numbers stay, as the law wants it.
    </Sure>
  );
}

function Missing({ error, onAgain }: { error: Error | null; onAgain: () => void }) {
  const gone = !(error instanceof Problem) || error.status === 404 || error.status === 410;
  return (
    <Nothing page icon={UserRoundX} title={gone ? "This contact does not exist" : "The contact could not be loaded"}>
      <p>{gone ? "It may have been deleted, or the address was mistyped." : error?.message}</p>
      {gone ? (
        <Button component={Link} to="/people">
          Back to people
        </Button>
      ) : (
        <Button onClick={onAgain}>Try again</Button>
      )}
    </Nothing>
  );
}
