// A folder's line in the list, where it is renamed and removed.
import { Popover, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Ellipsis, Folder as Icon, FolderPlus } from "lucide-react";
import { useState, type FormEvent } from "react";
import { addFolder, forgetTemplates, removeFolder, renameFolder, type Folder } from "./templates";
import styles from "./FolderHead.module.css";

export function FolderHead({ folder, id }: { folder: Folder; id: string }) {
  const queries = useQueryClient();
  const [opened, setOpened] = useState(false);
  const [name, setName] = useState(folder.name);
  const [problem, setProblem] = useState<string | null>(null);
  const done = (changing: Promise<unknown>) =>
    void changing
      .then(() => {
        setOpened(false);
        return forgetTemplates(queries);
      })
      .catch((error: Error) => setProblem(error.message));
  const rename = (event: FormEvent) => {
    event.preventDefault();
    done(renameFolder(folder.folder_id, name));
  };
  const toggle = () => {
    setName(folder.name);
    setProblem(null);
    setOpened(!opened);
  };
  return (
    <div className={styles.head}>
      <h2 id={id}>
        <Icon size={14} aria-hidden="true" />
        {folder.name}
        {!folder.shared && <small>Only you</small>}
      </h2>
      <Popover opened={opened} onChange={setOpened} position="bottom-end" offset={4} width={260} trapFocus returnFocus>
        <Popover.Target>
          <button type="button" onClick={toggle} aria-expanded={opened} aria-label={`Folder ${folder.name}: rename or remove`}>
            <Ellipsis size={16} aria-hidden="true" />
          </button>
        </Popover.Target>
        <Popover.Dropdown className={styles.panel} aria-label={`Folder ${folder.name}`}>
          <form onSubmit={rename}>
            <TextInput label="Folder's name" value={name} maxLength={80} error={problem} autoComplete="off" data-autofocus onChange={(event) => setName(event.currentTarget.value)} />
            <footer>
              <button type="button" onClick={() => done(removeFolder(folder.folder_id))}>
                Remove, keep templates
              </button>
              <button type="submit">Rename</button>
            </footer>
          </form>
        </Popover.Dropdown>
      </Popover>
    </div>
  );
}

/** The way to a new folder; its kind is asked for, since it never changes. */
export function NewFolder() {
  const queries = useQueryClient();
  const [opened, setOpened] = useState(false);
  const [name, setName] = useState("");
  const [shared, setShared] = useState(true);
  const [problem, setProblem] = useState<string | null>(null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    addFolder(name, shared)
      .then(() => {
        setOpened(false);
        setName("");
        return forgetTemplates(queries);
      })
      .catch((error: Error) => setProblem(error.message));
  };
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" offset={4} width={260} trapFocus returnFocus>
      <Popover.Target>
        <button
          type="button" className={styles.add} aria-label="New folder" aria-expanded={opened}
          onClick={() => {
            setProblem(null);
            setOpened(!opened);
          }}
        >
          <FolderPlus size={18} strokeWidth={1.8} aria-hidden="true" />
        </button>
      </Popover.Target>
      <Popover.Dropdown className={styles.panel} aria-label="New folder">
        <form onSubmit={submit}>
          <TextInput label="Folder's name" value={name} maxLength={80} error={problem} autoComplete="off" data-autofocus onChange={(event) => setName(event.currentTarget.value)} />
          <label className={styles.own}>
            <input type="checkbox" checked={!shared} onChange={(event) => setShared(!event.currentTarget.checked)} />
            Only for me
          </label>
          <footer>
            <button type="submit">Make folder</button>
          </footer>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
