-- SPDX-License-Identifier: BSD-2-Clause
-- wrk: POST with a body of SIZE bytes, which has to come back; wrong bytes are counted and told at the end.
local threads = {}

function setup(thread)
    table.insert(threads, thread)
end

function init(args)
    wrong = 0
    body = string.rep("tide", tonumber(args[1] or 4096) / 4)
    post = wrk.format("POST", nil, nil, body)
end

function request()
    return post
end

function response(status, headers, answer)
    if status ~= 200 or answer ~= body then wrong = wrong + 1 end
end

function done()
    local total = 0
    for _, thread in ipairs(threads) do total = total + thread:get("wrong") end
    print("wrong bodies: " .. total)
end
