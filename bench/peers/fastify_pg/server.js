// The same inbound path on Node: fastify + pg + ws. The same: the check of Twilio's signature over the sorted fields in
// constant time, one durable transaction for each text in one round trip (../record_*.sql, a named statement, a pool of
// 10), 2xx only after the commit, then the same frame to every socket that subscribed to the thread. Not the same, in this
// peer's favour: no login, no Origin check, no opening snapshot, bounded queue or resume for sockets, no inbox rows and
// badges, no keywords, no actors, no sending side beside it; commits are shared only as PostgreSQL itself groups them.
import { createHmac, timingSafeEqual } from 'node:crypto'
import formbody from '@fastify/formbody'
import Fastify from 'fastify'
import pg from 'pg'
import { WebSocketServer } from 'ws'

const { PORT, PUBLIC_URL, RECORD } = process.env
const TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
pg.types.setTypeParser(20, Number) // bigint: our numbers stay far below 2^53

const pool = new pg.Pool({ max: 10 }) // where: PGHOST, PGUSER, PGDATABASE
const accounts = new Map()
for (const row of (await pool.query('SELECT id, sid, secret FROM carrier_account')).rows) accounts.set(row.sid, row)

const subscribers = new Map() // channel -> sockets
const app = Fastify({ logger: false })
await app.register(formbody)

function signed(secret, url, form, claimed) {
  let text = url
  for (const name of Object.keys(form).sort()) text += name + form[name]
  const mac = createHmac('sha1', secret).update(text, 'utf8').digest()
  const given = Buffer.from(claimed ?? '', 'base64')
  return given.length === mac.length && timingSafeEqual(given, mac)
}

function publish(form, { thread_id, seq, in_ord, at }) {
  const channel = `thread:${thread_id}`
  const sockets = subscribers.get(channel)
  if (!sockets) return
  const message = { seq, direction: 'in', body: form.Body, state: 'received', at, in_ord, segments: 1, klass: 'inbound',
    author_id: null, author: null, cmd_id: null, error_class: null, error_code: null, error: null, keyword: null,
    media: [], resend_of: null }
  const frame = JSON.stringify({ t: 'event', ch: channel, seq, epoch: 'peer', data: { kind: 'message', message } })
  for (const socket of sockets) socket.send(frame)
}

app.post('/webhooks/twilio/:sid/inbound', async (request, reply) => {
  const account = accounts.get(request.params.sid)
  if (!account) return reply.code(404).send()
  const form = request.body
  if (!signed(account.secret, PUBLIC_URL + request.url, form, request.headers['x-twilio-signature'])) {
    return reply.code(403).send()
  }
  const { rows } = await pool.query({ name: 'record', text: `SELECT * FROM ${RECORD}($1, $2, $3, $4, $5)`,
    values: [account.id, form.MessageSid, form.From, form.To, form.Body] })
  if (rows.length) setImmediate(publish, form, rows[0]) // behind the answer
  return reply.header('content-type', 'text/xml').send(TWIML)
})

const sockets = new WebSocketServer({ server: app.server, path: '/ws', perMessageDeflate: false })
sockets.on('connection', (socket) => {
  const channels = []
  socket.on('message', (text) => {
    const { t, id, ch } = JSON.parse(text)
    if (t !== 'subscribe') return
    if (!subscribers.has(ch)) subscribers.set(ch, new Set())
    subscribers.get(ch).add(socket)
    channels.push(ch)
    socket.send(JSON.stringify({ t: 'subscribed', id, ch }))
  })
  socket.on('close', () => channels.forEach((ch) => subscribers.get(ch).delete(socket)))
})

await app.listen({ host: '127.0.0.1', port: Number(PORT) })
