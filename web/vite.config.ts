// Builds the client into the server's package. `npm run dev` serves it beside a running server (THREADLINE_URL).
import react from "@vitejs/plugin-react";
import { defaultCssVariablesResolver, mergeMantineTheme, DEFAULT_THEME } from "@mantine/core";
import { defineConfig, type Plugin } from "vite";
import { cssVariables, theme } from "./src/theme.ts";

const SHEET = "virtual:theme.css";

/** The theme's variables as a file: the page's policy allows no inline styles, so they cannot be written at run time. */
function themeSheet(): Plugin {
  const block = (selector: string, values: Record<string, string>) =>
    `${selector}{${Object.entries(values).map(([name, value]) => `${name}:${value}`).join(";")}}`;
  return {
    name: "theme-sheet",
    resolveId: (id) => (id === SHEET ? `\0${SHEET}` : undefined),
    load(id) {
      if (id !== `\0${SHEET}`) return undefined;
      const merged = mergeMantineTheme(DEFAULT_THEME, theme);
      const mantine = defaultCssVariablesResolver(merged);
      const own = cssVariables(merged);
      return [
        block(":root", { ...mantine.variables, ...own.variables }),
        block(":root,:root[data-mantine-color-scheme=light]", { "color-scheme": "light", ...mantine.light, ...own.light }),
        block(":root[data-mantine-color-scheme=dark]", { "color-scheme": "dark", ...mantine.dark, ...own.dark }),
      ].join("\n");
    },
  };
}

const server = process.env["THREADLINE_URL"] ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react(), themeSheet()],
  build: {
    outDir: "../server/web_static",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Packages change rarely: a new version of ours leaves them in the browser's cache.
    // The chart's is only for the page that draws one.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: "packages", test: /node_modules\/(?!uplot)/, minSize: 0 }] } } },
    chunkSizeWarningLimit: 800,
  },
  server: { proxy: { "/api": server, "/ws": { target: server, ws: true } } },
});
