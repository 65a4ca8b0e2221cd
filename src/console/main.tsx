import { render } from "preact";
import { App } from "./shell/app.js";
import { applyTheme } from "./shell/theme.js";

applyTheme();
const host = document.getElementById("app");
if (host !== null) render(<App />, host);
