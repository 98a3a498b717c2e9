-- A new book: once for each epoch, never again. Times are microseconds.
-- KEYS: the book of one epoch. ARGV: the keeper's run_id, and after how long the first instant may be given away.
if not string.find(redis.call('INFO', 'server'), 'run_id:' .. ARGV[1], 1, true) then
    return 'another'
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
if redis.call('EXISTS', KEYS[1]) == 1 then
    return 'there'
end
redis.call('HSET', KEYS[1], 'opened', string.format('%.0f', now + tonumber(ARGV[2])), 'last', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], 86400000)
return 'opened'
