// One conversation with one phone: a JSON line asks for a step, a JSON line answers it.
//
// node conformance.mjs server PORT SERIAL       through the adb server on that port
// node conformance.mjs direct PORT SERIAL KEY   to the phone's own port, with that private key and no adb at all
//
// {"step": "shell", "arguments": {"command": "id"}} → {"answer": …} or {"error": "…"}; bytes travel as base64.

import { createPrivateKey } from "node:crypto";
import { mkdir, readFile, readdir, stat, utimes, writeFile } from "node:fs/promises";
import { Server, Socket } from "node:net";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";

import {
  Adb, AdbDaemonTransport, AdbPacket, AdbPacketSerializeStream, AdbServerClient, LinuxFileType,
} from "@yume-chan/adb";
import { AdbServerNodeTcpConnector } from "@yume-chan/adb-server-node-tcp";
import { AndroidLogPriorityToCharacter, Logcat, PackageManager } from "@yume-chan/android-bin";
import { ReadableStream, StructDeserializeStream, pipeFrom } from "@yume-chan/stream-extra";

const [mode, port, serial, keyFile] = process.argv.slice(2);
const connector = new AdbServerNodeTcpConnector({ host: "127.0.0.1", port: Number(port) });
const server = new AdbServerClient(connector);
let gone;
let adb = await connect();

async function connect() {
  if (mode === "server") {
    const through = await server.createAdb({ serial });
    gone = through.disconnected;
    return through;
  }
  const pem = await readFile(keyFile, "utf8");
  const key = { buffer: new Uint8Array(createPrivateKey(pem).export({ type: "pkcs8", format: "der" })) };
  const socket = await connector.connect();
  const connection = {
    readable: socket.readable.pipeThrough(new StructDeserializeStream(AdbPacket)),
    writable: pipeFrom(socket.writable, new AdbPacketSerializeStream()),
  };
  const credentialStore = {
    iterateKeys: () => [key],
    generateKey() { throw new Error("the phone accepts no key of ours"); },
  };
  // a connection that is reset rather than ended shows in the socket only
  gone = socket.closed;
  const cut = gone.then(() => { throw Object.assign(new Error("cut off"), { code: "ECONNRESET" }); });
  cut.catch(() => {});
  const transport = AdbDaemonTransport.authenticate({ serial, connection, credentialStore });
  return new Adb(await Promise.race([transport, cut]));
}

// bytes

const base64 = (bytes) => Buffer.from(bytes).toString("base64");

async function everything(readable) {
  const parts = [];
  for await (const part of readable) parts.push(part);
  return Buffer.concat(parts);
}

const streamOf = (bytes) => new ReadableStream({
  start(controller) {
    for (let at = 0; at < bytes.length; at += 65536) controller.enqueue(bytes.subarray(at, at + 65536));
    controller.close();
  },
});

async function withSync(work) {
  const sync = await adb.sync();
  try {
    return await work(sync);
  } finally {
    await sync.dispose();
  }
}

// sockets

/** Bytes both ways between a socket of this machine and a stream of the phone, until either ends. */
function join2(socket, stream) {
  const writer = stream.writable.getWriter();
  socket.on("data", (data) => writer.write(data).catch(() => socket.destroy()));
  socket.on("end", () => Promise.resolve(stream.close()).catch(() => {}));
  socket.on("error", () => {});
  void everythingTo(stream.readable, socket);
}

async function everythingTo(readable, socket) {
  try {
    for await (const part of readable) socket.write(part);
  } catch { /* the other end has gone */ }
  socket.end();
}

/** What the adb server does for `adb forward`, here where there is none. */
async function listenFor(remote) {
  const listener = new Server(async (socket) => join2(socket, await adb.createSocket(remote)));
  await new Promise((listening) => listener.listen(0, "127.0.0.1", listening));
  return listener.address().port;
}

async function askForForward(remote) {
  const stream = await server.createConnection(`host-serial:${serial}:forward:tcp:0;${remote}`);
  await stream.readOkay();
  const local = Number(await stream.readString());
  await stream.dispose();
  return local;
}

// trees

async function filesBelow(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}

async function pushTree(sync, local, remote) {
  for (const path of await filesBelow(local)) {
    const found = await stat(path);
    await sync.write({
      filename: remote + path.slice(local.length),
      file: streamOf(await readFile(path)),
      type: LinuxFileType.File,
      permission: found.mode & 0o777,
      mtime: Math.trunc(found.mtimeMs / 1000),
    });
  }
}

async function pullTree(sync, remote, local) {
  for (const entry of await sync.readdir(remote)) {
    if (entry.name === "." || entry.name === "..") continue;
    const [from, to] = [`${remote}/${entry.name}`, join(local, entry.name)];
    if (entry.type === LinuxFileType.Directory) {
      await pullTree(sync, from, to);
    } else {
      await mkdir(dirname(to), { recursive: true });
      await writeFile(to, await everything(sync.read(from)), { mode: entry.permission });
      await utimes(to, Number(entry.mtime), Number(entry.mtime));
    }
  }
}

async function comeBack() {
  for (;;) {
    try {
      return await connect();
    } catch (error) {
      if (!["ECONNREFUSED", "ECONNRESET"].includes(error.code)) throw error;
      await pause(50);
    }
  }
}

const STEPS = {
  async state() {
    if (mode === "direct") return "device";
    return (await server.getDevices()).find((device) => device.serial === serial)?.state ?? "absent";
  },
  model: async () => adb.banner.model,
  features: async () => adb.deviceFeatures,
  async shell({ command }) {
    const done = await adb.subprocess.shellProtocol.spawnWait(command);
    return [base64(done.stdout), base64(done.stderr), done.exitCode];
  },
  async old_shell({ command }) {
    return base64(await everything((await adb.createSocket(`shell:${command}`)).readable));
  },
  raw: async ({ command }) => base64(await adb.subprocess.noneProtocol.spawnWait(command)),
  push: ({ local, remote }) => withSync((sync) => pushTree(sync, local, remote)),
  pull: ({ remote, local }) => withSync((sync) => pullTree(sync, remote, local)),
  read: ({ remote }) => withSync(async (sync) => base64(await everything(sync.read(remote)))),
  write: ({ remote, data }) => withSync((sync) => sync.write({
    filename: remote, file: streamOf(Buffer.from(data, "base64")),
  })),
  listing: ({ remote }) => withSync(async (sync) => (await sync.readdir(remote)).map(
    (entry) => [entry.name, entry.mode, Number(entry.size), Number(entry.mtime)],
  )),
  async install({ apk }) {
    const data = await readFile(apk);
    await new PackageManager(adb).installStream(data.length, streamOf(data));
  },
  uninstall: ({ package: name }) => new PackageManager(adb).uninstall(name),
  async log() {
    const entries = [];
    for await (const entry of new Logcat(adb).binary({ dump: true })) {
      const message = entry.message.replace(/\0$/, "");
      entries.push([AndroidLogPriorityToCharacter[entry.priority], entry.tag, message]);
    }
    return entries;
  },
  clear_log: () => new Logcat(adb).clear(),
  forward: ({ remote }) => (mode === "direct" ? listenFor(remote) : askForForward(remote)),
  reverse: ({ remote, port: local }) => adb.reverse.add(remote, async (stream) => {
    const socket = new Socket();
    socket.connect(local, "127.0.0.1");
    join2(socket, stream);
  }),
  unreverse: ({ remote }) => adb.reverse.remove(remote),
  async reboot() {
    const left = gone;
    await adb.power.reboot();
    await left;
    if (mode === "server") await server.waitFor({ serial }, "device");
    adb = await comeBack();
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { step, arguments: given } = JSON.parse(line);
  let said;
  try {
    said = { answer: (await STEPS[step](given)) ?? null };
  } catch (error) {
    said = { error: String(error?.message ?? error) };
  }
  process.stdout.write(`${JSON.stringify(said)}\n`);
}
process.exit(0);
