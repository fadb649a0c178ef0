-- Asks for users drawn at random and says what it measured as one line of JSON.
-- wrk ... -s wrk.lua URL -- USERS TEMPLATE KEY PAUSE_MS SEED: a file with an id a line, a path in which {user} stands
-- for one, an API key or "-", the mean of a random pause before each request of a connection (0: none).
local users, before, after, headers, pause = {}, "", "", {}, 0
local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(args)
  for line in io.lines(args[1]) do users[#users + 1] = line end
  before, after = args[2]:match("^(.-){user}(.*)$")
  if before == nil then before, after, users = args[2], "", { "" } end
  if args[3] ~= "-" then headers["Authorization"] = "Bearer " .. args[3] end
  pause = tonumber(args[4])
  math.randomseed(tonumber(args[5]) + number)
end

function request()
  return wrk.format("GET", before .. users[math.random(#users)] .. after, headers)
end

function delay()
  return -math.log(1 - math.random()) * pause
end

function done(summary, latency, requests)
  local bins = {}
  for n = 1, #latency do
    local value, count = latency(n)
    bins[n] = string.format("[%d,%d]", value, count)
  end
  local e = summary.errors
  io.write(string.format(
    '\nWRK {"requests":%d,"seconds":%.6f,"bytes":%d,"failed":%d,"refused":%d,"bins":[%s]}\n',
    summary.requests, summary.duration / 1e6, summary.bytes, e.connect + e.read + e.write + e.timeout, e.status,
    table.concat(bins, ",")))
end
