// One campaign of the list: how it stands, its figures, and what can be done with it from here.
import { ActionIcon, Menu } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Archive, ArchiveRestore, Copy, Ellipsis, LayoutTemplate, Play } from "lucide-react";
import type { CampaignOut } from "../../gen/wire";
import { Failure } from "../../parts/Failure";
import { useCommand } from "../../parts/useCommand";
import { amount } from "../../people/rows";
import { fullTime, rowTime } from "../../text/time";
import { useToday } from "../../text/useToday";
import { campaignsApi, forgetCampaigns, isBuilding, isDraft, lookedAt, recipientsOf, WORDS } from "../drafts";
import styles from "./CampaignsPage.module.css";

export function Row({ campaign }: { campaign: CampaignOut }) {
  const { figures } = campaign;
  const begun = !isDraft(campaign);
  const queries = useQueryClient();
  const acting = useMutation({ mutationFn: (act: () => Promise<unknown>) => act(), onSuccess: () => forgetCampaigns(queries) });
  return (
    <li className={styles.row} data-campaign={campaign.id}>
      <div className={styles.name}>
        <h2>
          <Link className={styles.link} {...(begun ? { to: "/sms/campaigns/$campaignId", params: { campaignId: String(campaign.id) } } : { to: "/sms/campaigns/$campaignId/edit/$step", params: { campaignId: String(campaign.id), step: "details" } })}>
            {campaign.name}
          </Link>
        </h2>
        {isBuilding(campaign) && <p className={styles.building} data-testid="built">{lookedAt(campaign)}</p>}
        {campaign.description && <p title={campaign.description}>{campaign.description}</p>}
        {campaign.refused && <p className={styles.refused}>{campaign.refused}</p>}
      </div>
      <span className={styles.state} data-state={campaign.template ? "template" : campaign.state} title={campaign.told}>
        {campaign.template ? "Template" : WORDS[campaign.state]}
      </span>
      <Figure label="Recipients" value={begun ? recipientsOf(campaign) : null} />
      <Figure label="Sent" value={begun ? figures.wired : null} />
      <Figure label="Delivered" value={begun ? figures.delivered : null} />
      <Figure label="Replied" value={begun ? figures.replied : null} />
      <When label="Created" at={campaign.created_at} />
      <When label="Activity" at={campaign.moved_at} />
      <Acts campaign={campaign} busy={acting.isPending} onAct={acting.mutate} />
      <Failure brief error={acting.error} />
    </li>
  );
}

function Figure({ label, value }: { label: string; value: number | null }) {
  return (
    <p className={styles.figure} data-figure={label}>
      <span>{label}</span> <b>{value === null ? "–" : amount(value)}</b>
    </p>
  );
}

function When({ label, at }: { label: string; at: string }) {
  const today = useToday();
  return (
    <p className={styles.when}>
      <span>{label}</span>{" "}
      <time dateTime={at} title={fullTime(new Date(at))}>
        {rowTime(new Date(at), today)}
      </time>
    </p>
  );
}

function Acts({ campaign, busy, onAct }: { campaign: CampaignOut; busy: boolean; onAct: (act: () => Promise<unknown>) => void }) {
  const navigate = useNavigate();
  const command = useCommand();
  const edit = (id: number) => navigate({ to: "/sms/campaigns/$campaignId/edit/$step", params: { campaignId: String(id), step: "details" } });
  const duplicate = async (asTemplate: boolean) => {
    const made = await campaignsApi.duplicate(campaign.id, command.idOf(asTemplate), asTemplate);
    command.done();
    if (asTemplate) await navigate({ to: "/sms/campaigns", search: { show: "templates" } });
    else await edit(made.id);
  };
  return (
    <Menu position="bottom-end" withinPortal shadow="md">
      <Menu.Target>
        <ActionIcon className={styles.acts} variant="subtle" size={34} aria-label={`What to do with ${campaign.name}`} loading={busy}>
          <Ellipsis size={18} aria-hidden="true" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {campaign.template ? (
          <Menu.Item leftSection={<Play size={16} aria-hidden="true" />} onClick={() => onAct(() => duplicate(false))}>
            Start a campaign from it
          </Menu.Item>
        ) : (
          <>
            <Menu.Item leftSection={<Copy size={16} aria-hidden="true" />} onClick={() => onAct(() => duplicate(false))}>
              Duplicate
            </Menu.Item>
            <Menu.Item leftSection={<LayoutTemplate size={16} aria-hidden="true" />} onClick={() => onAct(() => duplicate(true))}>
              Save as template
            </Menu.Item>
          </>
        )}
        {campaign.archived_at === null ? (
          <Menu.Item leftSection={<Archive size={16} aria-hidden="true" />} onClick={() => onAct(() => campaignsApi.archive(campaign.id, true))}>
            Archive
          </Menu.Item>
        ) : (
          <Menu.Item leftSection={<ArchiveRestore size={16} aria-hidden="true" />} onClick={() => onAct(() => campaignsApi.archive(campaign.id, false))}>
            Take out of the archive
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
