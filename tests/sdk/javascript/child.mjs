// Asks a gateway with the vendor's JavaScript SDK: node child.cjs PORT KEY CODE. Prints one JSON document.
import FtWebsocket from "futu-api";
import { WebSocket } from "ws";

// The SDK was written for browsers, and prints.
globalThis.WebSocket = WebSocket;
for (const way of ["log", "info", "warn", "debug"]) console[way] = () => {};

const [port, key, code] = process.argv.slice(2);
const tell = (answer) => process.stdout.write(JSON.stringify(answer), () => process.exit(0));

const socket = new FtWebsocket();
socket.onlogin = async (ok, detail) => {
  if (!ok) return tell({ ok, detail });
  const c2s = { security: { market: 1, code } };
  try {
    const flow = await socket.GetCapitalFlow({ c2s: { ...c2s, periodType: 1 } });
    const day = await socket.GetCapitalFlow({ c2s: { ...c2s, periodType: 2 } });
    const gross = await socket.GetCapitalDistribution({ c2s });
    tell({ ok, flow, day, gross });
  } catch (error) {
    tell({ ok, error });
  }
};
socket.start("127.0.0.1", Number(port), false, key);
