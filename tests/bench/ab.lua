-- SPDX-License-Identifier: BSD-2-Clause
-- wrk: the mix of `make ab`: of eight requests four are plain answers to a browser, one has a head of 3 KiB, one
-- asks for a file of 1 KiB, one posts 4 KiB that come back, one asks for a file of 100 KiB.
local browser = {
    ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    ["Accept"] = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    ["Accept-Encoding"] = "gzip, deflate",
    ["Accept-Language"] = "en-GB,en;q=0.7,de;q=0.3",
    ["Cookie"] = "uid=12345678901234567890; theme=light; session=0123456789abcdef0123456789abcdef",
}

function init(args)
    local large = {}
    for name, value in pairs(browser) do large[name] = value end
    large["Cookie"] = string.rep("crumb=0123456789abcdef; ", 128)
    local plain = wrk.format("GET", "/plain", browser)
    mix = {plain, wrk.format("GET", "/plain", large), plain, wrk.format("GET", "/1k.txt", browser),
           plain, wrk.format("POST", "/body", browser, string.rep("tide", 1024)),
           plain, wrk.format("GET", "/100k.txt", browser)}
    turn = 0
end

function request()
    turn = turn % #mix + 1
    return mix[turn]
end
