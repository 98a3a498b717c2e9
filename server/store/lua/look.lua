-- Which keeper this is, and its clock in microseconds.
local time = redis.call('TIME')
return {string.match(redis.call('INFO', 'server'), 'run_id:(%x+)'), tonumber(time[1]) * 1000000 + tonumber(time[2])}
