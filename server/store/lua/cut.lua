-- The next stretch of each limit that is asked for, as server/domain/lease.py `cut` has it. Times are microseconds.
-- KEYS: the book of one epoch. ARGV: the keeper's run_id, then name, length and debt of each limit.
-- The whole book is one hash: it is lost as a whole or not at all. One that another keeper has inherited is no book.
if not string.find(redis.call('INFO', 'server'), 'run_id:' .. ARGV[1], 1, true) then
    return {'another'}
end
local kept = redis.call('HMGET', KEYS[1], 'opened', 'last')
local opened, last = tonumber(kept[1] or nil), tonumber(kept[2] or nil)
if not opened or not last then
    return {'lost'}
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
if now < last then
    return {'back'}
end
local answer = {'cut', now}
for i = 2, #ARGV, 3 do
    local name, length, debt = '=' .. ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
    local free, used = opened, 0
    local entry = redis.call('HGET', KEYS[1], name)
    if entry then
        free, used = string.match(entry, '^(%d+) (%d+)$')
        free, used = tonumber(free), tonumber(used)
    end
    local begins = math.max(now, free, opened + used + debt)
    redis.call('HSET', KEYS[1], name, string.format('%.0f %.0f', begins + length, used + length))
    answer[#answer + 1] = begins
end
redis.call('HSET', KEYS[1], 'last', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], 86400000)
return answer
