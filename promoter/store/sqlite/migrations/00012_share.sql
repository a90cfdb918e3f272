-- What an audited item stands for is one by the coin's chance when it was tossed:
-- a later edit of hold.audit must not weigh it otherwise.

-- +goose Up
ALTER TABLE exposure ADD COLUMN share REAL NOT NULL DEFAULT 0;
