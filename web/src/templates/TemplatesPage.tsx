// All saved texts, everybody's and one's own, by folder; the chosen one beside them.
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { LayoutTemplate, Plus, Search, TriangleAlert, UserRound } from "lucide-react";
import { useMemo, useState } from "react";
import { Failure } from "../parts/Failure";
import { Nothing } from "../parts/Nothing";
import { Editor } from "./Editor";
import { FolderHead, NewFolder } from "./FolderHead";
import { foldersQuery, templatesQuery, tokensQuery, type Folder, type Template } from "./templates";
import { found } from "./text";
import { Words } from "./Words";
import styles from "./TemplatesPage.module.css";

type Whose = "all" | "shared" | "own";
const WHOSE: readonly { value: Whose; label: string }[] = [
  { value: "all", label: "All" },
  { value: "shared", label: "Everybody's" },
  { value: "own", label: "Mine" },
];

export function TemplatesPage() {
  const { templateId } = useParams({ strict: false });
  const templates = useQuery(templatesQuery);
  const chosen = templateId === undefined || templateId === "new" ? null : templates.data?.find((one) => String(one.template_id) === templateId);
  return (
    <div className={styles.panes} data-open={templateId !== undefined}>
      <h1 className="hush">Templates</h1>
      <section className={styles.list} aria-label="Templates">
        <List chosen={templateId} />
      </section>
      <div className={styles.pane}>
        {templateId === undefined && <NothingOpen />}
        {templateId === "new" && <Editor key="new" template={null} />}
        {chosen && <Editor key={chosen.template_id} template={chosen} />}
        {templateId !== undefined && chosen === undefined && (templates.isPending ? <div className={`bone ${styles.bone}`} aria-hidden="true" /> : <Missing />)}
      </div>
    </div>
  );
}

function List({ chosen }: { chosen: string | undefined }) {
  const templates = useQuery(templatesQuery);
  const folders = useQuery(foldersQuery);
  const [query, setQuery] = useState("");
  const [whose, setWhose] = useState<Whose>("all");
  const fits = (one: { shared: boolean }) => whose === "all" || one.shared === (whose === "shared");
  const byId = useMemo(() => new Map((folders.data ?? []).map((folder) => [folder.folder_id, folder])), [folders.data]);
  const shown = found(templates.data ?? [], byId, query).filter(fits);
  const inFolder = (id: number | null) => shown.filter((one) => one.folder_id === id).sort((a, b) => (query ? 0 : a.name.localeCompare(b.name)));
  return (
    <>
      <header className={styles.head}>
        <span aria-hidden="true">Templates</span>
        <NewFolder />
        <Link to="/templates/$templateId" params={{ templateId: "new" }} className={styles.new}>
          <Plus size={16} aria-hidden="true" />
          New<span className="hush"> template</span>
        </Link>
      </header>
      <div className={styles.tools}>
        <label className={styles.search}>
          <Search size={16} aria-hidden="true" />
          <span className="hush">Search templates</span>
          <input type="search" placeholder="Search templates" value={query} onChange={(event) => setQuery(event.currentTarget.value)} />
        </label>
        <div className={styles.whose} role="group" aria-label="Whose">
          {WHOSE.map(({ value, label }) => (
            <button key={value} type="button" aria-pressed={whose === value} onClick={() => setWhose(value)}>
              {label}
            </button>
          ))}
        </div>
      </div>
      <div className={styles.scroll}>
        <Failure error={templates.error} onAgain={() => void templates.refetch()} />
        {templates.isPending && <div className={`bone ${styles.bone}`} aria-hidden="true" />}
        {templates.data?.length === 0 && <p className={styles.note}>No templates yet. Write down what you send often, and it is two clicks away in every conversation.</p>}
        {(templates.data?.length ?? 0) > 0 && shown.length === 0 && <p className={styles.note}>No template fits.</p>}
        {(folders.data ?? []).filter(fits).map((folder) => (
          <Group key={folder.folder_id} folder={folder} templates={inFolder(folder.folder_id)} searching={query !== ""} chosen={chosen} />
        ))}
        {byId.size > 0 && inFolder(null).length > 0 && <h2 className={styles.loose}>In no folder</h2>}
        <Rows templates={inFolder(null)} chosen={chosen} label="In no folder" />
      </div>
    </>
  );
}

function Group({ folder, templates, searching, chosen }: { folder: Folder; templates: Template[]; searching: boolean; chosen: string | undefined }) {
  const id = `folder-${folder.folder_id}`;
  if (searching && templates.length === 0) return null;
  return (
    <section aria-labelledby={id}>
      <FolderHead folder={folder} id={id} />
      {templates.length === 0 ? <p className={styles.note}>Nothing in it yet.</p> : <Rows templates={templates} chosen={chosen} label={folder.name} />}
    </section>
  );
}

function Rows({ templates, chosen, label }: { templates: Template[]; chosen: string | undefined; label: string }) {
  const tokens = useQuery(tokensQuery).data ?? [];
  if (templates.length === 0) return null;
  return (
    <ul className={styles.rows} aria-label={label}>
      {templates.map((one) => (
        <li key={one.template_id}>
          <Link to="/templates/$templateId" params={{ templateId: String(one.template_id) }} className={styles.row} aria-current={String(one.template_id) === chosen ? "page" : undefined}>
            <strong>
              <span>{one.name}</span>
              {!one.shared && <UserRound size={13} role="img" aria-label="Only you" />}
              {one.faults.length > 0 && (
                <small>
                  <TriangleAlert size={12} aria-hidden="true" /> Needs repair
                </small>
              )}
            </strong>
            <span>
              <Words body={one.body} tokens={tokens} />
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}

function NothingOpen() {
  return (
    <Nothing icon={LayoutTemplate} title="Texts that you send often">
      <p>
        Choose one to edit it. In a conversation, press <kbd>/</kbd> in the empty box, or click the Templates icon.
      </p>
    </Nothing>
  );
}

function Missing() {
  return (
    <Nothing icon={LayoutTemplate} title="This template does not exist">
      <p>Somebody may have deleted it, or it is a colleague's own.</p>
      <p>
        <Link to="/templates">
          Back to the templates
        </Link>
      </p>
    </Nothing>
  );
}
