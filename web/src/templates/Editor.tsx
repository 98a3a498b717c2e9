// One template, edited with its preview beside it. Nothing is saved by itself, and nothing that was typed is lost.
import { ActionIcon, Button } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { ArrowLeft, Copy, Trash2 } from "lucide-react";
import { useEffect, useRef, useState, type FormEvent } from "react";
import { Problem } from "../api";
import { useRefusal } from "../app/may";
import { Sure } from "../parts/Sure";
import { plain } from "../text/segments";
import { rowTime } from "../text/time";
import { useToday } from "../text/useToday";
import { Fields, useLook } from "./Fields";
import { Preview } from "./Preview";
import { RecipientChoice } from "./RecipientChoice";
import { firstChoice, recentQuery, type Person } from "./recipients";
import { add, change, forgetTemplates, remove, type NewTemplate, type Template } from "./templates";
import { useUnsaved } from "./unsaved";
import styles from "./Editor.module.css";

const BLANK: NewTemplate = { name: "", body: "", shared: true, folder_id: null };
const contentOf = ({ name, body, shared, folder_id }: NewTemplate): NewTemplate => ({ name, body, shared, folder_id });

/** Keyed by the template: another one is another editor. */
export function Editor({ template }: { template: Template | null }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const heading = useRef<HTMLHeadingElement>(null);
  const [unsaved, keep] = useUnsaved(template?.template_id ?? "new");
  const [problem, setProblem] = useState<{ field: string | null; sentence: string } | null>(null);
  const [theirs, setTheirs] = useState<Template | null>(null);
  const [said, say] = useState("");
  const [busy, setBusy] = useState(false);
  const [chosen, choose] = useState<Person>();
  const recent = useQuery(recentQuery);
  const person = chosen ?? firstChoice(recent.data);
  const saved = template ? contentOf(template) : BLANK;
  const value = { ...saved, ...unsaved?.changes };
  const { rendered, faults } = useLook(value.body, { contactId: person?.contactId, threadId: person?.threadId });
  const dirty = unsaved !== null;
  const refused = useRefusal("change_others_templates");
  const refusal = template?.shared && !template.mine ? refused : null;
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);

  const edit = (changes: Partial<NewTemplate>) => {
    setProblem(null);
    say("");
    const next = { ...value, ...changes };
    const changed = Object.entries(next).filter(([name, now]) => now !== saved[name as keyof NewTemplate]);
    keep(changed.length > 0 ? { changes: Object.fromEntries(changed) as Partial<NewTemplate>, version: unsaved?.version ?? template?.version ?? 0 } : null);
  };
  const failed = (error: unknown) => {
    const stale = error instanceof Problem && error.title && error.more["code"] === "stale" ? (error.more["template"] as Template) : null;
    if (stale) setTheirs(stale);
    else setProblem(error instanceof Problem ? { field: error.field, sentence: error.detail } : { field: null, sentence: String(error) });
  };
  const save = (version: number | undefined) => {
    setBusy(true);
    setTheirs(null);
    const saving = template ? change(template.template_id, { ...unsaved?.changes, ...(version === undefined ? {} : { version }) }) : add(value);
    saving
      .then(async (now) => {
        keep(null);
        await forgetTemplates(queries);
        say("Saved.");
        if (!template) await navigate({ to: "/templates/$templateId", params: { templateId: String(now.template_id) } });
      })
      .catch(failed)
      .finally(() => setBusy(false));
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!busy) save(unsaved?.version);
  };
  const takeTheirs = () => {
    keep(null);
    setTheirs(null);
    void forgetTemplates(queries);
  };
  return (
    <form className={styles.editor} onSubmit={submit} aria-label={template ? `Template ${template.name}` : "New template"}>
      <header className={styles.head}>
        <ActionIcon className={styles.back} variant="subtle" size={44} aria-label="Back to the templates" onClick={() => void navigate({ to: "/templates" })}>
          <ArrowLeft size={22} />
        </ActionIcon>
        <div>
          <h2 ref={heading} tabIndex={-1}>
            {template ? template.name : "New template"}
          </h2>
          {template && <History template={template} />}
        </div>
        {template && <More template={template} locked={refusal !== null} value={value} onProblem={failed} onGone={() => keep(null)} />}
      </header>
      <div className={styles.body}>
        <Fields value={value} faults={faults} problem={problem} locked={refusal !== null} onChange={edit} />
        <section className={styles.preview} aria-label="Preview">
          <header>
            <h3>Preview</h3>
            <RecipientChoice person={person} onChoose={choose} />
          </header>
          <Preview body={value.body} rendered={rendered} name={person?.name ?? "the contact"} onPlain={refusal || plain(value.body) === value.body ? null : () => edit({ body: plain(value.body) })} />
        </section>
      </div>
      {theirs && (
        <div className={styles.stale} role="alert">
          <p>Somebody has changed this template since you opened it.</p>
          <Button variant="default" size="xs" onClick={takeTheirs}>
            Show theirs
          </Button>
          <Button size="xs" onClick={() => save(theirs.version)}>
            Save mine instead
          </Button>
        </div>
      )}
      <footer className={styles.foot}>
        <p role="status">{refusal ?? (dirty ? "Not saved yet" : said)}</p>
        {dirty && (
          <Button
            variant="default"
            onClick={() => {
              keep(null);
              setProblem(null);
            }}
          >
            Discard
          </Button>
        )}
        {!refusal && (
          <Button type="submit" loading={busy} disabled={template !== null && !dirty}>
            Save
          </Button>
        )}
      </footer>
    </form>
  );
}

function History({ template }: { template: Template }) {
  const today = useToday();
  const used = template.used === 0 ? "Never used" : `Used ${template.used === 1 ? "once" : `${template.used.toLocaleString("en-US")} times`}`;
  return (
    <p>
      {used}
      {template.used_at && `, last ${rowTime(new Date(template.used_at), today)}`}
      {template.author && ` · by ${template.author}`}
    </p>
  );
}

interface MoreProps {
  template: Template;
  locked: boolean;
  value: NewTemplate;
  onProblem: (error: unknown) => void;
  onGone: () => void;
}

function More({ template, locked, value, onProblem, onGone }: MoreProps) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const [asking, ask] = useState(false);
  const copy = () =>
    void add({ ...value, name: `${value.name.slice(0, 72)} (copy)` })
      .then(async (made) => {
        await forgetTemplates(queries);
        await navigate({ to: "/templates/$templateId", params: { templateId: String(made.template_id) } });
      })
      .catch(onProblem);
  const go = () =>
    void remove(template.template_id)
      .then(async () => {
        onGone();
        await navigate({ to: "/templates" });
        await forgetTemplates(queries);
      })
      .catch(onProblem)
      .finally(() => ask(false));
  return (
    <span className={styles.more}>
      <ActionIcon variant="subtle" size={40} aria-label="Save a copy" onClick={copy}>
        <Copy size={18} strokeWidth={1.8} />
      </ActionIcon>
      {!locked && (
        <ActionIcon variant="subtle" size={40} aria-label="Delete this template" onClick={() => ask(true)}>
          <Trash2 size={18} strokeWidth={1.8} />
        </ActionIcon>
      )}
      <Sure opened={asking} title="Delete this template?" no="Keep it" yes="Delete" onNo={() => ask(false)} onYes={go}>
        {template.shared ? "Everybody in the workspace loses it." : "Only you use it."} Texts that were sent stay as they are.
      </Sure>
    </span>
  );
}
