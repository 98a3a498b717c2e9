// Templates in any window where one writes: a button, or "/" in an empty box; choose one, and its text is there.
import { ActionIcon, Popover, Tooltip } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { BookmarkPlus, LayoutTemplate, TriangleAlert, UserRound } from "lucide-react";
import { useEffect, useMemo, useRef, useState, type RefObject } from "react";
import { Failure } from "../parts/Failure";
import { Chooser } from "./Chooser";
import { ownEscape } from "./escape";
import { Missing } from "./Missing";
import { SaveTemplate } from "./SaveTemplate";
import { countUse, foldersQuery, render, templatesQuery, tokensQuery, type Fault, type Recipient, type Rendered, type Template } from "./templates";
import { found, inserted } from "./text";
import { Words } from "./Words";
import styles from "./TemplatePicker.module.css";

export interface TemplatePickerProps extends Recipient {
  /** The whole text that the box holds from now on: what was written before, with the template where the caret was. */
  onPick: (text: string) => void;
  /** What is written now; it can be saved as a template. */
  text?: string;
  /** The box where one writes: "/" opens the list while it is empty, and the focus returns to it. */
  box?: RefObject<HTMLTextAreaElement | null>;
  disabled?: boolean;
  /** Give the template as it is, tokens and all: for a window that fills them in for each of many. */
  raw?: boolean;
}

interface Asking {
  readonly template: Template;
  readonly rendered: Rendered;
}

export function TemplatePicker({ onPick, text = "", box, disabled = false, raw = false, contactId, threadId }: TemplatePickerProps) {
  const [opened, setOpened] = useState(false);
  const [asking, ask] = useState<Asking | null>(null);
  const [saving, save] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const open = () => {
    ask(null);
    setOpened(true);
  };
  const slash = useRef(open);
  slash.current = open;
  useEffect(() => {
    const element = box?.current;
    if (!element || disabled) return;
    const key = (event: KeyboardEvent) => {
      if (event.key !== "/" || element.value !== "" || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      slash.current();
    };
    element.addEventListener("keydown", key);
    return () => element.removeEventListener("keydown", key);
  }, [box, disabled]);

  const back = () => {
    // Once the new text stands in the box; before, the caret's end would be that of the old one.
    requestAnimationFrame(() => {
      const element = box?.current;
      if (!element) return button.current?.focus();
      element.focus();
      element.setSelectionRange(element.value.length, element.value.length);
    });
  };
  const close = () => {
    setOpened(false);
    back();
  };
  const use = (template: Template, rendered: string) => {
    countUse(template.template_id);
    onPick(inserted(text, rendered, box?.current?.selectionStart));
    close();
  };
  const recipient = { contactId, threadId };
  return (
    <>
      <Popover
        opened={opened} onChange={setOpened} position="top-start" offset={12} width={440} trapFocus
        closeOnEscape={false} middlewares={{ shift: { padding: 10 }, flip: true, size: false }}
      >
        <Popover.Target>
          <Tooltip label="Templates (/)" disabled={opened}>
            <ActionIcon ref={button} variant="subtle" size={36} radius={11} aria-label="Templates" disabled={disabled} className={styles.button} onClick={() => (opened ? close() : open())}>
              <LayoutTemplate size={19} strokeWidth={1.8} />
            </ActionIcon>
          </Tooltip>
        </Popover.Target>
        <Popover.Dropdown
          className={styles.panel} aria-label="Templates"
          onSubmit={(event) => event.stopPropagation()} // a form of ours is no reason to send the text of the window around it
          {...ownEscape(() => (asking ? ask(null) : close()))}
        >
          {asking ? (
            <Missing {...asking} recipient={recipient} onBack={() => ask(null)} onDone={(rendered) => use(asking.template, rendered)} />
          ) : (
            <List recipient={recipient} raw={raw} onUse={use} onMissing={(template, rendered) => ask({ template, rendered })}>
              <footer className={styles.foot}>
                {text.trim() !== "" && (
                  <button
                    type="button"
                    onClick={() => {
                      setOpened(false);
                      save(true);
                    }}
                  >
                    <BookmarkPlus size={16} aria-hidden="true" />
                    Save as template
                  </button>
                )}
                <Link to="/templates">Manage templates</Link>
              </footer>
            </List>
          )}
        </Popover.Dropdown>
      </Popover>
      {saving && (
        <SaveTemplate
          text={text} recipient={recipient}
          onClose={() => {
            save(false);
            back();
          }}
        />
      )}
    </>
  );
}

interface ListProps {
  recipient: Recipient;
  raw: boolean;
  onUse: (template: Template, text: string) => void;
  onMissing: (template: Template, rendered: Rendered) => void;
  children: React.ReactNode;
}

function List({ recipient, raw, onUse, onMissing, children }: ListProps) {
  const templates = useQuery(templatesQuery);
  const folders = useQuery(foldersQuery);
  const tokens = useQuery(tokensQuery);
  const [query, setQuery] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const byId = useMemo(() => new Map((folders.data ?? []).map((folder) => [folder.folder_id, folder])), [folders.data]);
  const shown = useMemo(() => found(templates.data ?? [], byId, query), [templates.data, byId, query]);
  const refuse = (template: Template, fault: Fault | undefined) => setProblem(`“${template.name}” cannot be used: ${fault?.sentence ?? "it has a fault."}`);
  const choose = (template: Template) => {
    if (busy) return;
    setProblem(null);
    if (raw) return template.faults.length > 0 ? refuse(template, template.faults[0]) : onUse(template, template.body);
    setBusy(true);
    render(template.body, recipient)
      .then((rendered) => {
        if (rendered.text === null) refuse(template, rendered.faults[0]);
        else if (rendered.missing.length > 0) onMissing(template, rendered);
        else onUse(template, rendered.text);
      })
      .catch((error: Error) => setProblem(error.message))
      .finally(() => setBusy(false));
  };
  return (
    <>
      <Chooser
        label="Find a template" placeholder="Find a template" query={query} onQuery={setQuery} items={shown} keyOf={(one) => one.template_id} onChoose={choose} busy={busy} loading={templates.isPending}
        empty={templates.isPending ? "Loading…" : templates.isError ? templates.error.message : query ? "No template says that." : "No templates yet. Save a text that you send often, and it is two clicks away."}
      >
        {(one) => (
          <div className={styles.row}>
            <strong>
              <span>{one.name}</span>
              {!one.shared && (
                <small>
                  <UserRound size={12} aria-hidden="true" /> Only you
                </small>
              )}
              {one.folder_id !== null && <small>{byId.get(one.folder_id)?.name}</small>}
              {one.faults.length > 0 && (
                <small data-fault="true">
                  <TriangleAlert size={12} aria-hidden="true" /> Needs repair
                </small>
              )}
            </strong>
            <span>
              <Words body={one.body} tokens={tokens.data ?? []} />
            </span>
          </div>
        )}
      </Chooser>
      <div className={styles.problem}>
        <Failure brief error={problem} />
      </div>
      {children}
    </>
  );
}
