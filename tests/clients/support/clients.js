import { RealtimeClient } from '@supabase/realtime-js'
import { createClient } from '@supabase/supabase-js'
import WebSocket from 'ws'

/** The two versions of the protocol; every realtime test runs with both. */
export const versions = ['1.0.0', '2.0.0']

/** A realtime-js client. It reconnects at once: the tests wait for it. */
export function realtimeClient(emulator, vsn, options = {}) {
  return new RealtimeClient(emulator.realtimeUrl, {
    transport: WebSocket,
    vsn,
    params: { apikey: emulator.anonKey },
    reconnectAfterMs: () => 10,
    ...options,
  })
}

/** A supabase-js client, by default as the service role. */
export function supabaseClient(emulator, key = emulator.serviceKey, options = {}) {
  return createClient(emulator.url, key, {
    auth: { persistSession: false, autoRefreshToken: false },
    realtime: { transport: WebSocket },
    ...options,
  })
}

/** Subscribes and resolves when the server has said "Subscribed"; rejects with what it says instead. */
export function subscribed(channel) {
  return new Promise((resolve, reject) => {
    channel.on('system', {}, (system) => {
      if (system.extension !== 'postgres_changes') return
      if (system.status === 'ok') resolve(system)
      else reject(new Error(system.message))
    })
    channel.subscribe((status, error) => {
      if (status === 'CHANNEL_ERROR' || status === 'TIMED_OUT') reject(error ?? new Error(status))
    })
  })
}
