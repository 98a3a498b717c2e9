// What the workspace sets for itself. Owners and managers change it; everybody may know.
import { TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useRefusal } from "../app/may";
import { Failure } from "../parts/Failure";
import { Page } from "../parts/Page";
import { BulkCap } from "./BulkCap";
import { Hours } from "./Hours";
import { Numbers } from "./Numbers";
import { Section } from "./Section";
import { SettingsTabs } from "./SettingsTabs";
import { Suggestions } from "./Suggestions";
import { useSection } from "./useSection";
import { workspaceQuery, type Settings } from "./settings";
import styles from "./Settings.module.css";

export function SettingsPage() {
  const found = useQuery(workspaceQuery);
  const refusal = useRefusal("change_settings");
  return (
    <Page title="Settings" lead="How this workspace presents itself, and when and how much it sends." width={980}>
      <SettingsTabs />
      {refusal && <p className={styles.refusal}>{refusal}</p>}
      <Failure error={found.error} onAgain={() => void found.refetch()} />
      {found.isPending && <div className={`bone ${styles.bone}`} aria-hidden="true" />}
      {found.data && <Sections settings={found.data} locked={refusal !== null} />}
    </Page>
  );
}

function Sections({ settings, locked }: { settings: Settings; locked: boolean }) {
  const part = { settings, locked };
  return (
    <div className={styles.sections}>
      <Brand {...part} />
      <Numbers />
      <Hours {...part} />
      <BulkCap {...part} />
      <Links {...part} />
      <Suggestions {...part} />
    </div>
  );
}

function Brand({ settings, locked }: { settings: Settings; locked: boolean }) {
  const draft = useSection(settings);
  const { name, brand, contact } = draft.values;
  return (
    <Section title="Name and brand" lead="Contacts read the brand and the contact in the answers to STOP, START and HELP; carriers ask for both." draft={draft} locked={locked}>
      <TextInput label="Workspace" description="What your team reads here." value={name} maxLength={80} required error={draft.faultOf("name")} onChange={(event) => draft.set({ name: event.currentTarget.value })} />
      <TextInput label="Brand" description="What your contacts know you by." value={brand} maxLength={80} required error={draft.faultOf("brand")} onChange={(event) => draft.set({ brand: event.currentTarget.value })} />
      <TextInput label="Contact" description="How to reach a person, for the answer to HELP: a number, an address or a site." value={contact} maxLength={160} required error={draft.faultOf("contact")} onChange={(event) => draft.set({ contact: event.currentTarget.value })} />
    </Section>
  );
}

function Links({ settings, locked }: { settings: Settings; locked: boolean }) {
  const draft = useSection(settings);
  return (
    <Section title="Short links" lead="What links in campaigns begin with. A site of your own is shorter, and carriers filter it less; let it lead to this server first. Links that have left go on working." draft={draft} locked={locked}>
      <TextInput
        label="Links begin with" placeholder="https://go.acme.com/l" description="Leave it empty for this server's own address." type="url" value={draft.values.link_base ?? ""} error={draft.faultOf("link_base")}
        onChange={(event) => draft.set({ link_base: event.currentTarget.value.trim() || null })}
      />
    </Section>
  );
}
