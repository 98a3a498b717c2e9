// The views above the list of conversations, as a row of switches; the last one is any campaign's.
import { Menu } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { ChevronDown, Megaphone } from "lucide-react";
import { useMentions } from "../live/hooks";
import { badge } from "../parts/badge";
import { answeredCampaignsQuery } from "./api";
import { campaignOf, ofCampaign, VIEWS, type Show } from "./views";
import styles from "./Views.module.css";

export function Views({ show, onShow }: { show: Show; onShow: (show: Show) => void }) {
  const mentions = useMentions();
  return (
    <div className={styles.views} role="group" aria-label="Show">
      {(Object.keys(VIEWS) as (keyof typeof VIEWS)[]).map((one) => (
        <button
          key={one} type="button" aria-pressed={one === show} title={one === "closed" ? "The archive: done with until they write again" : undefined}
          onClick={(event) => {
            onShow(one);
            event.currentTarget.scrollIntoView({ block: "nearest", inline: "nearest" });
          }}
        >
          {VIEWS[one]}
          {one === "mentions" && mentions > 0 && <span className={styles.count}>{badge(mentions)}</span>}
        </button>
      ))}
      <OfCampaign show={show} onShow={onShow} />
    </div>
  );
}

function OfCampaign({ show, onShow }: { show: Show; onShow: (show: Show) => void }) {
  const chosen = campaignOf(show);
  const campaigns = useQuery(answeredCampaignsQuery);
  const name = campaigns.data?.find((one) => one.id === chosen)?.name ?? "Campaign";
  return (
    <Menu position="bottom-start" withinPortal withInitialFocusPlaceholder={false} shadow="md">
      <Menu.Target>
        <button type="button" aria-pressed={chosen !== null} aria-label={chosen === null ? "Of a campaign" : `Of the campaign ${name}`} className={styles.campaign}>
          {chosen !== null && <Megaphone size={13} strokeWidth={2} aria-hidden="true" />}
          <span>{name}</span>
          <ChevronDown size={13} strokeWidth={2} aria-hidden="true" />
        </button>
      </Menu.Target>
      <Menu.Dropdown className={styles.menu}>
        {campaigns.isPending && <Menu.Item disabled>Loading…</Menu.Item>}
        {campaigns.isError && <Menu.Item disabled>{campaigns.error.message}</Menu.Item>}
        {campaigns.data?.length === 0 && <Menu.Item disabled>No campaign has been launched yet.</Menu.Item>}
        {campaigns.data?.map((one) => (
          <Menu.Item key={one.id} aria-current={one.id === chosen || undefined} onClick={() => onShow(ofCampaign(one.id))}>
            {one.name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
