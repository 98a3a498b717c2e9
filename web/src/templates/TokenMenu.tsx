// The fields that a text may hold: those of every workspace, and this one's own.
import { Popover } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState, type ReactElement } from "react";
import { Chooser } from "./Chooser";
import { tokensQuery, type Token } from "./templates";
import styles from "./TokenMenu.module.css";

interface Props {
  onChoose: (token: Token) => void;
  /** Only the workspace's own. */
  ownOnly?: boolean;
  children: (toggle: () => void, opened: boolean) => ReactElement;
}

export function TokenMenu({ onChoose, ownOnly = false, children }: Props) {
  const [opened, setOpened] = useState(false);
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-start" offset={6} width={300} trapFocus returnFocus middlewares={{ shift: { padding: 10 }, flip: true, size: false }}>
      <Popover.Target>{children(() => setOpened(!opened), opened)}</Popover.Target>
      <Popover.Dropdown className={styles.panel} aria-label={ownOnly ? "Your own fields" : "Fields"} onKeyDown={(event) => event.key === "Escape" && event.stopPropagation()}>
        <Choices
          ownOnly={ownOnly}
          onChoose={(token) => {
            setOpened(false);
            onChoose(token);
          }}
        />
      </Popover.Dropdown>
    </Popover>
  );
}

function Choices({ ownOnly, onChoose }: { ownOnly: boolean; onChoose: (token: Token) => void }) {
  const tokens = useQuery(tokensQuery);
  const [query, setQuery] = useState("");
  const typed = query.trim().toLowerCase();
  const shown = (tokens.data ?? []).filter((token) => (token.custom || !ownOnly) && `${token.label} ${token.name}`.toLowerCase().includes(typed));
  return (
    <Chooser
      label={ownOnly ? "Find one of your fields" : "Find a field"} placeholder="Find a field" query={query} onQuery={setQuery} items={shown} keyOf={(token) => token.name} onChoose={onChoose}
      loading={tokens.isPending}
      empty={tokens.isPending ? "Loading…" : typed ? "No field is called that." : "You have no fields of your own yet."}
    >
      {(token) => (
        <span className={styles.row}>
          <strong>{token.label}</strong>
          <code>{`{{${token.name}}}`}</code>
        </span>
      )}
    </Chooser>
  );
}
