// Starts `carbon-realtime serve` for one test file, as a team that tests in JavaScript would.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const built = '../../../src/Carbon.Realtime.Tool/bin/Debug/net10.0/carbon-realtime'
const tool = process.env.CARBON_REALTIME_TOOL ?? fileURLToPath(new URL(built, import.meta.url))

/** Serves a seed. `stop` ends the process and waits for it. */
export async function startEmulator(seed, ...options) {
  const folder = mkdtempSync(join(tmpdir(), 'carbon-clients-'))
  const file = join(folder, 'seed.json')
  writeFileSync(file, JSON.stringify(seed))
  const child = spawn(tool, ['serve', '--port', '0', '--json', '--instant', '--seed', file, ...options], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const { value: line, done } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next()
  rmSync(folder, { recursive: true })
  if (done) throw new Error(`the emulator ended with code ${await ended} before it said where it is`)
  const served = JSON.parse(line)
  return {
    ...served,
    realtimeUrl: served.url.replace('http', 'ws') + '/realtime/v1',
    /** Steers it: docs/testing.md, "From other languages". */
    async control(command, body = {}) {
      const answer = await fetch(`${served.url}/emulator/v1/${command}`, { method: 'POST', body: JSON.stringify(body) })
      if (!answer.ok) throw new Error(`${command}: ${await answer.text()}`)
      return answer.json()
    },
    /** A user's token that is valid for so many seconds. */
    async token(sub, expiresIn = 3600, claims = {}) {
      return (await this.control('token', { sub, expiresIn, claims })).token
    },
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}
