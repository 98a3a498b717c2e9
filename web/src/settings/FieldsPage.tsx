// What a workspace describes its people with: its own fields, tags, pipelines and their stages.
import { Page } from "../parts/Page";
import { CustomFields } from "./CustomFields";
import { Pipelines } from "./Pipelines";
import { SettingsTabs } from "./SettingsTabs";
import { Tags } from "./Tags";

export function FieldsPage() {
  return (
    <Page title="Fields, tags, stages" lead="What you know of people beside their names and numbers. Lists can be filtered by all of it." width={980}>
      <SettingsTabs />
      <CustomFields />
      <Tags />
      <Pipelines />
    </Page>
  );
}
