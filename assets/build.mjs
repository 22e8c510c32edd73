// Bundles the page assets: node build.mjs OUTPUT_FOLDER. Called by hatch_build.py when the package is built.
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as esbuild from "esbuild";
import * as sass from "sass";

const out = process.argv[2];
if (!out) throw new Error("say where to write: node build.mjs OUTPUT_FOLDER");

/** Tabler's sources name their custom properties bare; its own build adds the prefix, and so must we. */
const prefixed = (css) => css.replace(/(?<![\w-])--(?=[a-z])/g, "--tblr-");

const scss = {
  name: "scss",
  setup(build) {
    build.onLoad({ filter: /\.scss$/ }, ({ path }) => {
      const { css, loadedUrls } = sass.compile(path, { loadPaths: ["node_modules"], quietDeps: true });
      return { contents: prefixed(css), loader: "css", watchFiles: loadedUrls.map((url) => url.pathname) };
    });
  },
};

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
await esbuild.build({
  entryPoints: ["src/app.ts", "src/theme.ts", "styles/app.css"],
  outdir: out,
  entryNames: "[name]",
  assetNames: "fonts/[name]",
  bundle: true,
  minify: true,
  sourcemap: false,
  format: "iife",
  legalComments: "none",
  target: ["chrome111", "firefox121", "safari16.4"],
  loader: { ".woff2": "file" },
  plugins: [scss],
  logLevel: "warning",
});

/** The licences of what is bundled travel with it: a font's or a library's text, one file each. */
const mit = readFileSync("mit.txt", "utf8"); // Tabler's package names its licence and holders, but leaves its text out
const bundled = ["@fontsource/b612", "@fontsource/ibm-plex-mono", "@fontsource/ibm-plex-sans", "@tabler/core", "htmx.org", "idiomorph"];
for (const name of bundled) {
  const folder = join("node_modules", name);
  const file = readdirSync(folder).find((entry) => /^licen[sc]e/i.test(entry));
  const target = join(out, "licenses", `${name.replace("@", "").replace("/", "-")}.txt`);
  mkdirSync(join(out, "licenses"), { recursive: true });
  if (file) {
    cpSync(join(folder, file), target);
  } else {
    const notice = /\/\*![\s\S]*?\*\//.exec(readFileSync(join(folder, "dist/css/tabler.css"), "utf8"));
    writeFileSync(target, `${notice[0]}\n${mit}`);
  }
}
