// The recordings of the real server that the .NET tests replay too (tests/Carbon.Realtime.Tests/Transcripts).
import { readFileSync } from 'node:fs'

const folder = new URL('../../Carbon.Realtime.Tests/Transcripts/', import.meta.url)

/** The lines of a recording; frames of both protocol versions become `{ topic, event, payload }`. */
export function readRecording(name) {
  return readFileSync(new URL(`${name}.jsonl`, folder), 'utf8').trim().split('\n').map((line) => {
    const { dir, frame, conn = '' } = JSON.parse(line)
    return dir === 'send' || dir === 'recv' ? { dir, conn, ...parseFrame(frame) } : { dir, conn, text: frame }
  })
}

/** The bindings that the recorded client joined a topic with, as the server echoed them with their ids. */
export function recordedBindings(lines, topic) {
  return lines.find((l) => l.dir === 'recv' && l.topic === topic && l.event === 'phx_reply').payload.response.postgres_changes
}

/** The statements run while a topic was joined. */
export function statementsWhile(lines, topic) {
  const from = lines.findIndex((l) => l.dir === 'recv' && l.topic === topic && l.event === 'system')
  const leave = lines.findIndex((l) => l.dir === 'send' && l.topic === topic && l.event === 'phx_leave')
  return lines.slice(from, leave < 0 ? undefined : leave).filter((l) => l.dir === 'sql').map((l) => l.text)
}

/** The changes that a topic got after its first statement: what was deleted just before the join came too. */
export function recordedChanges(lines, topic) {
  const joined = lines.findIndex((l) => l.dir === 'recv' && l.topic === topic && l.event === 'system')
  return lines.slice(joined).filter((l) => l.dir === 'recv' && l.topic === topic && l.event === 'postgres_changes').map((l) => l.payload)
}

/** What realtime-js hands to a callback, without the times, which no two runs share. */
export function toCallback({ table, type, schema, record, old_record, errors }) {
  return withoutTimes({ schema, table, eventType: type, new: record ?? {}, old: old_record ?? {}, errors })
}

export function withoutTimes(change) {
  const { commit_timestamp, ...rest } = change
  return JSON.parse(JSON.stringify(rest, (key, value) => (key === 'created_at' && value !== null ? '<time>' : value)))
}

function parseFrame(text) {
  try {
    const frame = JSON.parse(text)
    return Array.isArray(frame)
      ? { topic: frame[2], event: frame[3], payload: frame[4] }
      : { topic: frame.topic, event: frame.event, payload: frame.payload }
  } catch {
    return { topic: '', event: '', payload: text }
  }
}
